-- SPDX-License-Identifier: Apache-2.0
-- Plots of numbers: plots.line, scatter, bar, hist and heatmap make a Plot, which prints itself as
-- wide as the terminal is then (plot_text.lua), and is saved as SVG or PNG (plot_figure.lua). This
-- file takes what people have in their hands and checks it; it draws nothing.

local class = require "moonlet.class"
local options = require "moonlet.options"
local scale = require "moonlet.plot_scale"
local session = require "moonlet.session"

---@class Plot
---@field kind string "line", "scatter", "bar", "hist" or "heatmap"
---@field series table[] {name=, x={…}, y={…}} of a line or scatter plot
---@field values number[] of bars, and of a histogram how many there are in each
---@field labels string[] of bars
---@field rows number[][] of a heat map
local meta, Plot = class("Plot")
local plots = {}

---@class PlotOptions
---@field title? string above the plot (default none)
---@field x? string what runs to the right (default none)
---@field y? string what runs upwards (default none)
---@field width? integer columns in all (default: the terminal's)
---@field height? integer rows of the drawing (default 12)
---@field log? boolean the upward axis by powers (default false)
---@field log_x? boolean the axis to the right by powers (default false)
---@field labels? string[] of the bars (default: their numbers)
---@field bins? integer of a histogram (default: by how many numbers there are)
local OPTIONS = options.rows { "title string", "x string", "y string", "width integer",
    "height integer 12", "log boolean false", "log_x boolean false", "labels table",
    "bins integer" }

-- The named fields, checked, and the list of the others.
local function divide(opts, what, example)
    if type(opts) == "userdata" then opts = { opts } end
    if type(opts) ~= "table" then
        error(("%s: given a %s; wanted %s"):format(what, type(opts), example), 3)
    end
    local named, list = {}, {}
    for key, value in pairs(opts) do
        if type(key) == "number" then list[key] = value else named[key] = value end
    end
    options.check(named, OPTIONS, what)
    return named, list
end

-- A Tensor is its nested tables.
local function plain(value)
    if type(value) ~= "userdata" then return value end
    local ok, rows = pcall(function() return value:table() end)
    return ok and rows or value
end

local function series_of(given, index, what)
    given = plain(given)
    if type(given) ~= "table" then
        error(("%s: series %d is a %s; wanted a list of numbers, or {x={…}, y={…}}")
            :format(what, index, type(given)), 4)
    end
    local ys, xs = plain(given.y or given), plain(given.x)
    local made = { name = given.name, x = {}, y = {} }
    for i = 1, #ys do
        if type(ys[i]) ~= "number" or (xs and type(xs[i]) ~= "number") then
            error(("%s: point %d of series %d is %s; wanted numbers"):format(what, i, index,
                tostring(ys[i])), 4)
        end
        made.x[i], made.y[i] = xs and xs[i] or i, ys[i]
    end
    return made
end

local function curves(kind, opts)
    local what = "plots." .. kind
    -- plots.scatter{x={…}, y={…}}: one series, whose fields are also names of options.
    if type(opts) == "table" and type(opts.x) == "table" then
        local copy = {}
        for k, v in pairs(opts) do copy[k] = v end
        copy[1] = { x = opts.x, y = opts.y, name = opts.name }
        copy.x, copy.y, copy.name = nil, nil, nil
        opts = copy
    end
    local named, list = divide(opts, what, what .. "{{4, 2, 1}}")
    local self = { kind = kind, options = named, series = {} }
    if type(list[1]) == "number" then list = { list } end
    for i = 1, #list do self.series[i] = series_of(list[i], i, what) end
    if #self.series == 0 then error(what .. ": no series; wanted " .. what .. "{{4, 2, 1}}", 3) end
    return setmetatable(self, meta)
end

--- Curves of one or several series, drawn with braille dots as wide as the terminal.
---@param opts PlotOptions the series first, each numbers or {x=, y=, name=}
---@return Plot
--- Example: print(plots.line{{4, 2, 1, 1.5}, {3, 3, 2, 1}, title="two losses"})
function plots.line(opts) return curves("line", opts) end

--- Points of one or several series.
---@param opts PlotOptions the series first, each {x=, y=, name=} or numbers
---@return Plot
--- Example: print(plots.scatter{{x={1, 2, 3}, y={2, 4, 5}}, title="points"})
function plots.scatter(opts) return curves("scatter", opts) end

--- Bars, one below the other.
---@param opts PlotOptions numbers (and labels={…}), or pairs {label, number}
---@return Plot
--- Example: print(plots.bar{{"base", 0.61}, {"lora", 0.74}, title="accuracy"})
function plots.bar(opts)
    local named, list = divide(opts, "plots.bar", 'plots.bar{{"a", 3}, {"b", 5}}')
    if #list == 1 and (type(list[1]) == "userdata" or (type(list[1]) == "table"
        and type(list[1][1]) == "number")) then
        list = plain(list[1])
    end
    local self = { kind = "bar", options = named, values = {}, labels = {} }
    for i, one in ipairs(list) do
        local label, value = named.labels and named.labels[i], one
        if type(one) == "table" then label, value = one[1], one[2] end
        if type(value) ~= "number" then
            error(("plots.bar: bar %d is %s; wanted a number, or a pair {label, number}"):format(i,
                tostring(value)), 2)
        end
        self.values[i], self.labels[i] = value, tostring(label or i)
    end
    if #list == 0 then error('plots.bar: no bars; wanted plots.bar{{"a", 3}, {"b", 5}}', 2) end
    return setmetatable(self, meta)
end

--- How often numbers fall where: a histogram.
---@param opts PlotOptions the numbers, or one list of them; bins= says into how many parts
---@return Plot
--- Example: print(plots.hist{{1, 2, 2, 3, 3, 3, 4}, bins=4})
function plots.hist(opts)
    local named, list = divide(opts, "plots.hist", "plots.hist{{1, 2, 2, 3}}")
    if #list == 1 and type(list[1]) ~= "number" then list = plain(list[1]) end
    if type(list) ~= "table" then error("plots.hist: wanted plots.hist{{1, 2, 2, 3}}", 2) end
    local low, high, count = nil, nil, 0
    for i, v in ipairs(list) do
        if type(v) ~= "number" then
            error(("plots.hist: value %d is %s; wanted numbers"):format(i, tostring(v)), 2)
        end
        if scale.finite(v) then
            low, high, count = math.min(low or v, v), math.max(high or v, v), count + 1
        end
    end
    local bins = named.bins or math.max(1, math.min(20, math.ceil(math.sqrt(count))))
    if bins < 1 or bins > 1000 then error("plots.hist: bins is from 1 to 1000", 2) end
    local self = { kind = "hist", options = named, values = {}, labels = {}, edges = {} }
    if not low then low, high = 0, 0 end
    if high == low then bins = 1 end
    for b = 1, bins do
        local from = low + (high - low) * (b - 1) / bins
        self.values[b], self.edges[b] = count > 0 and 0 or 0 / 0, from
        local to = low + (high - low) * b / bins
        self.labels[b] = scale.number(from) .. " … " .. scale.number(to)
    end
    for _, v in ipairs(list) do
        if scale.finite(v) then
            local b = high > low and math.floor((v - low) / (high - low) * bins) + 1 or 1
            b = math.min(b, bins)
            self.values[b] = self.values[b] + 1
        end
    end
    return setmetatable(self, meta)
end

--- Numbers in rows as colours, the first row on top.
---@param opts PlotOptions the rows, or one list of them, or a Tensor of two dimensions
---@return Plot
--- Example: print(plots.heatmap{{1, 2, 3}, {2, 4, 6}, title="products"})
function plots.heatmap(opts)
    local named, list = divide(opts, "plots.heatmap", "plots.heatmap{{1, 2}, {3, 4}}")
    if #list == 1 then
        local one = plain(list[1])
        if type(one) == "table" and type(one[1]) == "table" then list = one end
    end
    local rows = {}
    for r, row in ipairs(list) do
        row = plain(row)
        if type(row) ~= "table" or #row == 0 or #row ~= #(rows[1] or row) then
            error(("plots.heatmap: row %d has %s; wanted lists of equally many numbers"):format(r,
                type(row) == "table" and #row .. " numbers" or "a " .. type(row)), 2)
        end
        rows[r] = {}
        for c, v in ipairs(row) do
            if type(v) ~= "number" then
                error(("plots.heatmap: number %d of row %d is %s"):format(c, r, tostring(v)), 2)
            end
            rows[r][c] = v
        end
    end
    if #rows == 0 then error("plots.heatmap: no rows; wanted plots.heatmap{{1, 2}, {3, 4}}", 2) end
    return setmetatable({ kind = "heatmap", options = named, rows = rows }, meta)
end

--- Shows a picture in the terminal: a PNG file, rows of numbers, a Tensor or a plot.
---@param x any a file's name, {{…}, {…}}, a Tensor, a Plot or {width=, height=, pixels=}
--- Example: plots.show {{0, 0.5}, {0.5, 1}}
function plots.show(x)
    local ok, e = pcall(require("moonlet.images").show, x)
    if not ok then error((tostring(e):gsub("^images", "plots")), 2) end
end

function meta.__tostring(self) return require "moonlet.plot_text" (self, false) end

-- At the prompt in colour.
function meta.__display(self)
    return require "moonlet.plot_text" (self, session.color and session.interactive)
end

--- The plot as text of at most so many columns, in colour or not.
function Plot:text(width, colored)
    local copy = {}
    for k, v in pairs(self) do copy[k] = v end
    copy.options = {}
    for k, v in pairs(self.options) do copy.options[k] = v end
    copy.options.width = width or copy.options.width
    return require "moonlet.plot_text" (copy, colored)
end

--- Shows the plot: as a picture where the terminal shows some, else as text.
function Plot:show()
    local images = require "moonlet.images"
    local protocol = images.protocol()
    if protocol == "kitty" or protocol == "sixel" then return images.show(self) end
    session.write(meta.__display(self) .. "\n")
end

--- The text of an SVG file.
function Plot:svg() return require "moonlet.plot_svg" (self) end

--- The plot as an image {width=, height=, pixels=}.
function Plot:image() return (require "moonlet.plot_image" (self)) end

--- Writes the plot as "x.svg" or "x.png". Letters other than ASCII are for SVG only.
---@param path string
function Plot:save(path)
    local kind = type(path) == "string" and path:lower():match("%.(%w+)$")
    if kind ~= "svg" and kind ~= "png" then
        error(("plot:save: given %s; wanted a name that ends in .svg or .png"):format(
            tostring(path)), 2)
    end
    local bytes, note
    if kind == "svg" then
        bytes = self:svg()
    else
        local image, unknown = require "moonlet.plot_image" (self)
        bytes = require("moonlet.png").encode(image)
        if unknown then
            note = path .. ": a PNG has ASCII letters only, others are boxes; .svg has them all"
        end
    end
    local temporary = path .. ".part"
    local file, e = io.open(temporary, "wb")
    local written = file and file:write(bytes)
    if file then file:close() end
    if not written then error("plot:save: cannot write " .. tostring(e or temporary), 2) end
    local ok, why = os.rename(temporary, path)
    if not ok then error("plot:save: " .. tostring(why), 2) end
    if note then io.stderr:write(note, "\n") end
    return path
end

return plots
