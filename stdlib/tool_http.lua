-- SPDX-License-Identifier: Apache-2.0
-- tools.http: a model fetches from the web. With allow_hosts only these hosts (and their subdomains
-- as ".example.org") are reached, also by redirects; without it, any but this machine's and the
-- private networks' own addresses. The body is given as text, cut and marked when long.

local options = require "moonlet.options"
local tasks = require "moonlet.tasks"
local tool = require "moonlet.tools"

local tools = {}

---@class HttpToolOptions
---@field allow_hosts? string[] ".example.org": with all below it (default public hosts)
---@field timeout? number seconds for the whole transfer (default 20)
---@field max_bytes? integer kept of the body (default 65536)
---@field methods? string[] that may be used (default GET and HEAD)
---@field approve? function|boolean approve(call): true, false or why not (default none)
local OPTIONS = options.rows {
    "allow_hosts table", "timeout number 20", "max_bytes integer 65536", "methods table",
    "approve function|boolean",
}
local REDIRECTS = 5

local PRIVATE = { "^localhost$", "%.localhost$", "%.local$", "%.internal$", "^127%.", "^10%.",
    "^0%.", "^192%.168%.", "^169%.254%.", "^%[", "^172%.1[6-9]%.", "^172%.2%d%.", "^172%.3[01]%.",
    "^100%.6[4-9]%.", "^100%.[7-9]%d%.", "^100%.1[01]%d%.", "^100%.12[0-7]%.", "^%d+$", "^0x" }

-- The host of a URL, or nil and what is wrong with it.
local function host_of(url)
    local scheme, authority = url:match("^(%a+)://([^/?#]+)")
    if not scheme or not ({ http = true, https = true })[scheme:lower()] then
        return nil, "the address is no http:// or https:// one"
    end
    if authority:find("[@%s\\]") then return nil, "the address holds a user name or a blank" end
    return (authority:gsub(":%d*$", ""):gsub("%.$", ""):lower())
end

local function refusal(url, allow)
    local host, problem = host_of(url)
    if not host then return problem end
    if not allow then
        for _, pattern in ipairs(PRIVATE) do
            if host:find(pattern) then return host .. " is not a public address" end
        end
        return nil
    end
    for _, known in ipairs(allow) do
        known = known:lower()
        if host == known or known:sub(1, 1) == "." and ("." .. host):sub(-#known) == known then
            return nil
        end
    end
    return ("the host %s is not allowed; allowed: %s"):format(host, table.concat(allow, ", "))
end

-- Where a redirect leads.
local function target(url, location)
    if location:match("^%a[%w+.-]*:") then return location end
    local scheme, authority = url:match("^(%a+):(//[^/?#]+)")
    if location:sub(1, 2) == "//" then return scheme .. ":" .. location end
    if location:sub(1, 1) == "/" then return scheme .. ":" .. authority .. location end
    return scheme .. ":" .. authority .. (url:match("^%a+://[^/?#]+(/[^?#]*/)") or "/") .. location
end

--- A tool that fetches an http or https address and gives status, type and text.
---@param opts? HttpToolOptions
---@return Tool
--- Example: tools.http{allow_hosts={"example.org"}}.description
function tools.http(opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "tools.http")
    local methods, most = opts.methods or { "GET", "HEAD" }, opts.max_bytes or 65536
    local timeout = opts.timeout or 20
    local parameters = {
        { name = "url", type = "string", description = "http:// or https:// address" },
        { name = "method", type = "string", enum = methods, default = methods[1] },
        { name = "body", type = "string", description = "sent with the request", optional = true },
    }
    return tool.new { name = "http",
        description = "Fetches a web address and gives status, content type and text."
            .. (opts.allow_hosts and " Hosts: " .. table.concat(opts.allow_hosts, ", ") .. "."
            or ""),
        parameters = parameters, approve = opts.approve, timeout = timeout + 5,
        max_result_bytes = most + 4096,
        run = function(args)
            local start = require("moonlet_base").functions["_http.start"]
            local url = args.url
            for _ = 0, REDIRECTS do
                local refused = refusal(url, opts.allow_hosts)
                if refused then error(refused, 0) end
                local answer = tasks.await(start { url = url, method = args.method,
                    body = args.body, timeout = timeout, max_bytes = math.max(most, 1048576) * 16 })
                local location = answer.headers.location
                if not (answer.status >= 300 and answer.status < 400 and location) then
                    local body = answer.body
                    if #body > most then
                        body = ("%s\n[cut: the first %d of %d bytes]"):format(body:sub(1, most),
                            most, #body)
                    end
                    return { status = answer.status, url = url,
                        type = answer.headers["content-type"], body = body }
                end
                url = target(url, location)
            end
            error(("more than %d redirects"):format(REDIRECTS), 0)
        end }
end

return tools
