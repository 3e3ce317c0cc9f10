-- SPDX-License-Identifier: Apache-2.0
-- `moonlet completions bash|zsh|fish`: a file that teaches the system's shell moonlet's options.
-- The options come from the text of --help, so there is one list of them. It knows no option.

local completions = {}

--- {flag=, argument=, doc=} for every option in the text of --help.
function completions.options(usage)
    local options = {}
    for line in usage:gmatch("[^\n]+") do
        local flag, rest = line:match("^  (%-[%-%w]*)(.*)$")
        if flag and rest:match("^%s*%-") or line:match("^  %-%-version %-%-help") then
            for word in line:gmatch("%-%-[%w%-]+") do
                options[#options + 1] = { flag = word, argument = "",
                    doc = word == "--help" and "show the options" or "show the version" }
            end
        elseif flag and #flag > 1 and flag ~= "--" then
            local argument, doc = rest:match("^ (%l+)%s%s+(.*)$")
            if not argument then argument, doc = "", rest:match("^%s+(.*)$") end
            options[#options + 1] = { flag = flag, argument = argument, doc = doc or "" }
        end
    end
    return options
end

local SUBCOMMANDS = { { "init", "write settings for editors and checkers into this folder" },
    { "completions", "print completions for bash, zsh or fish" },
    { "man", "print the manual page" } }

local function words(list, key)
    local out = {}
    for i, item in ipairs(list) do out[i] = item[key] end
    return table.concat(out, " ")
end

local function escaped(doc) return (doc:gsub("['\\:%[%]]", "")) end

local shells = {}

function shells.bash(options)
    return ([==[
# moonlet completions for bash; put this into ~/.local/share/bash-completion/completions/moonlet
_moonlet() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} i
    COMPREPLY=()
    case $before in
        -e|-l) return ;;
        completions) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")); return ;;
        init) COMPREPLY=($(compgen -W "--force" -- "$word")); return ;;
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "%s" -- "$word"))
        return
    fi
    COMPREPLY=($(compgen -f -X '!*.lua' -- "$word") $(compgen -d -S / -- "$word"))
    if ((COMP_CWORD == 1)); then
        COMPREPLY+=($(compgen -W "%s" -- "$word"))
    fi
    for i in "${COMPREPLY[@]}"; do
        if [[ $i == */ ]]; then compopt -o nospace; fi
    done
}
complete -F _moonlet moonlet
]==]):format(words(options, "flag"), words(SUBCOMMANDS, 1))
end

function shells.zsh(options)
    local lines = {}
    for _, o in ipairs(options) do
        local argument = o.argument ~= "" and ":" .. o.argument .. ":" or ""
        local many = o.argument ~= "" and "*" or ""
        lines[#lines + 1] = ("    '%s%s[%s]%s'"):format(many, o.flag, escaped(o.doc), argument)
    end
    return "#compdef moonlet\n# moonlet completions for zsh; put this as _moonlet into $fpath\n" ..
        "_arguments -s \\\n" .. table.concat(lines, " \\\n") ..
        " \\\n    '1:script:{ _files -g \"*.lua\"; compadd " .. words(SUBCOMMANDS, 1) ..
        " }' \\\n    '*:argument:_files'\n"
end

function shells.fish(options)
    local lines = { "# moonlet completions for fish; put this into " ..
        "~/.config/fish/completions/moonlet.fish" }
    for _, o in ipairs(options) do
        local kind, name = "-o", o.flag:gsub("^%-%-?", "")
        if o.flag:sub(1, 2) == "--" then kind = "-l" elseif #name == 1 then kind = "-s" end
        lines[#lines + 1] = ("complete -c moonlet %s %s%s -d '%s'"):format(kind, name,
            o.argument ~= "" and " -x" or "", escaped(o.doc))
    end
    for _, s in ipairs(SUBCOMMANDS) do
        lines[#lines + 1] = ("complete -c moonlet -n __fish_use_subcommand -a %s -d '%s'"):format(
            s[1], s[2])
    end
    return table.concat(lines, "\n") .. "\n"
end

--- The completions for one of the shells; an error names those there are.
function completions.text(shell, usage)
    if not shells[shell] then
        error("no completions for '" .. shell .. "': there are bash, zsh and fish", 0)
    end
    return shells[shell](completions.options(usage))
end

return completions
