-- SPDX-License-Identifier: Apache-2.0
-- From numbers to places: bounds of series, linear and logarithmic scales, round values for the
-- marks of an axis, numbers as short text. It draws nothing.

local scale = {}

function scale.finite(v) return type(v) == "number" and v == v and math.abs(v) < math.huge end

-- May the point be drawn?
local function fits(x, y, o)
    return scale.finite(x) and scale.finite(y) and not (o.log and y <= 0)
        and not (o.log_x and x <= 0)
end

--- low, high of the axis "x" or "y" over the points that can be drawn; nil when there are none.
function scale.bounds(series, axis, o)
    local low, high
    for _, s in ipairs(series) do
        for i = 1, #s.y do
            if fits(s.x[i], s.y[i], o) then
                local v = s[axis][i]
                low, high = math.min(low or v, v), math.max(high or v, v)
            end
        end
    end
    return low, high
end

--- How many points cannot be drawn, and of how many.
function scale.left_out(series, o)
    local out, all = 0, 0
    for _, s in ipairs(series) do
        for i = 1, #s.y do
            all = all + 1
            if not fits(s.x[i], s.y[i], o) then out = out + 1 end
        end
    end
    return out, all
end

--- place(v): 0 at low, 1 at high, nil for what cannot be placed.
function scale.place(low, high, log)
    local f = log and math.log or function(v) return v end
    local from, to = f(low), f(high)
    return function(v)
        if not scale.finite(v) or (log and v <= 0) then return nil end
        if to == from then return 0.5 end
        return (f(v) - from) / (to - from)
    end
end

--- The value in the middle of the axis.
function scale.middle(low, high, log)
    return log and math.exp((math.log(low) + math.log(high)) / 2) or (low + high) / 2
end

--- About `count` round values within low … high.
function scale.ticks(low, high, count, log)
    local ticks = {}
    if log then
        local first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
        if last > first then
            local step = math.max(1, math.ceil((last - first) / count))
            for e = first, last, step do ticks[#ticks + 1] = 10 ^ e end
            return ticks
        end
        return { low, scale.middle(low, high, true), high }
    end
    if high == low then return { low } end
    local rough = (high - low) / count
    local power = 10 ^ math.floor(math.log10(rough))
    local step = power * 10
    for _, m in ipairs { 1, 2, 2.5, 5 } do
        if power * m >= rough then step = power * m break end
    end
    for k = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) do
        ticks[#ticks + 1] = k * step
    end
    return ticks
end

function scale.number(v)
    if v == 0 then return "0" end
    if v == math.floor(v) and math.abs(v) < 1e6 then return ("%d"):format(v) end
    return (("%.4g"):format(v):gsub("e([+-])0*(%d)", "e%1%2"):gsub("e%+", "e"))
end

return scale
