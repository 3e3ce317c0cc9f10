-- SPDX-License-Identifier: Apache-2.0
-- tools.shell, tools.process and tasks over processes; the rules of tools.http without a network.
local t = require "spec"
local clock = require "moonlet.clock"
local session = require "moonlet.session"
local tasks = require "moonlet.tasks"

t.test("a command gives code, output and errors", function()
    local r = tools.shell() { command = "echo out; echo wrong >&2; exit 3" }
    t.eq({ r.code, r.stdout, r.stderr }, { 3, "out\n", "wrong\n" })
    t.eq(tools.shell { cwd = "/" } { command = "pwd" }.stdout, "/\n")
    r = tools.shell { timeout = 0.3 } { command = "echo begun; sleep 100" }
    t.eq({ r.timed_out, r.stdout, r.code }, { true, "begun\n", 137 })
    r = tools.shell { max_bytes = 10 } { command = "head -c 100000 /dev/zero | tr '\\0' x" }
    t.eq(r.stdout, "xxxxxxxxxx\n[cut: the first 10 of 100000 bytes]")
    t.match(tools.shell { cwd = "/no/such" }:answer({ command = "ls" }).content, "cannot run in")
end)

t.test("allow lets simple commands through and nothing else", function()
    local shell = tools.shell { allow = { "echo", "git status" } }
    t.eq(shell { command = "echo 'a; b' \"c d\"" }.stdout, "a; b c d\n")
    for _, command in ipairs { "ls", "echo a; ls", "echo a | sh", "echo $(ls)", "echo `ls`",
        "echo a && ls", "echo a > /tmp/x", "echo a\nls", "git push", "echoo a", "X=1 echo",
        "echo \"$HOME\"", "echo a & ls", "git statusx", "echo \\; ls", "(echo a)" } do
        t.error(function() shell { command = command } end, "allowed")
    end
    t.match(shell.description, "Allowed commands: echo, git status", true)
end)

t.test("at the prompt a command is asked for, in a script it runs", function()
    local function agent(opts)
        return agents.new { model = models.scripted { { calls = { { name = "shell",
            arguments = { command = "echo ran" } } } }, "ok" }, tools = { tools.shell(opts) },
            stream = false }
    end
    t.match(agent()("go").calls[1].content, "ran")
    local write, read, answer = session.write, io.read, "n"
    session.interactive, session.write, io.read = true, function() end,
        function() return answer end
    local ok, problem = pcall(function()
        t.match(agent()("go").calls[1].content, "refused by the user")
        answer = "too slow"
        t.match(agent()("go").calls[1].content, "refused: too slow")
        answer = "y"
        t.match(agent()("go").calls[1].content, "ran")
        answer = "n"
        t.match(agent { approve = true }("go").calls[1].content, "ran")
    end)
    session.interactive, session.write, io.read = false, write, read
    if not ok then error(problem, 0) end
end)

t.test("processes run at the same time; an error is its task's own", function()
    local began, entries = clock.now(), {}
    for i = 1, 4 do
        entries[i] = { run = function()
            return tasks.await(tools.process { "sleep", "1" }).code
        end }
    end
    entries[5] = { run = function() error "mine alone" end }
    entries[6] = { run = function() tasks.await(tools.process { "sleep", "100" }) end,
        timeout = 0.2 }
    local outcomes = tasks.run(entries)
    assert(clock.now() - began < 3.5, "one after another they take 4 s")
    for i = 1, 4 do t.eq(outcomes[i].value, 0) end
    t.match(outcomes[5].error, "mine alone")
    t.eq(outcomes[6].timed_out, true)
    t.eq(tasks.await(tools.process({ "cat" }, { input = "given" })).stdout, "given")
    t.error(function() tools.process { "/no/such/program" } end, "/no/such/program")
    t.error(function() tools.process({ "ls" }, { timout = 1 }) end, "did you mean")
end)

t.test("tasks within tasks, and waiting inside a coroutine of one's own", function()
    local outcomes = tasks.run { { run = function()
        local inner = tasks.run { { run = function() tasks.sleep(0.05); return 1 end },
            { run = function() return tasks.await(tools.process { "echo", "2" }).stdout end } }
        return inner[1].value .. inner[2].value
    end }, { run = function()
        return coroutine.wrap(function() tasks.sleep(0.01); return "wrapped" end)()
    end }, { run = function()
        local seen
        local _ = ("x"):gsub(".", function() tasks.sleep(0.01); seen = "in gsub" end)
        return seen
    end } }
    t.eq({ outcomes[1].value, outcomes[2].value, outcomes[3].value }, { "12\n", "wrapped",
        "in gsub" })
end)

t.test("http refuses what may not be reached", function()
    local function refused(url, opts)
        return tools.http(opts):answer({ url = url }).content
    end
    for _, url in ipairs { "http://localhost/", "http://127.0.0.1:80/", "http://10.1.2.3/",
        "http://192.168.0.1", "http://169.254.169.254/latest", "http://[::1]/", "http://2130706433/",
        "http://172.20.0.1/", "http://printer.local/", "http://0x7f000001/" } do
        t.match(refused(url), "is not a public address")
    end
    for _, url in ipairs { "file:///etc/passwd", "ftp://example.org/", "example.org",
        "http://a@b/" } do
        t.match(refused(url), "^error: the address")
    end
    local opts = { allow_hosts = { "example.org", ".example.com" } }
    t.match(refused("http://example.net/", opts), "example.net is not allowed")
    t.match(refused("http://sub.example.org/", opts), "not allowed")
    t.match(refused("http://badexample.com/", opts), "not allowed")
end)

t.done()
