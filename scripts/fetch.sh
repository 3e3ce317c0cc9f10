# SPDX-License-Identifier: Apache-2.0
# How scripts/setup gets things: Debian packages, Debian source packages, wheels. Sourced, not run.
# Expects $work (a folder to make a mess in). Where things come from is the business of the system's
# apt and pip configuration, environment variables included; no host is named here.
# shellcheck shell=bash disable=SC2154

# The names among its arguments that are not installed.
missing_packages() {
    local have name
    have=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true) "
    for name in "$@"; do [[ $have == *" installed:$name "* ]] || echo "$name"; done
}

# Runs a command as root; sudo would drop the variables that say where the network is.
as_root() {
    if [[ $(id -u) == 0 ]]; then env "$@"; return; fi
    local pass=() name
    for name in http_proxy https_proxy no_proxy APT_CONFIG; do
        [[ -n ${!name:-} ]] && pass+=("$name=${!name}")
    done
    sudo env "${pass[@]}" "$@"
}

install_packages() {  # install_packages NAME...
    # A third party's broken list is not our business: what counts is whether install succeeds.
    as_root DEBIAN_FRONTEND=noninteractive apt-get update || true
    as_root DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# Copies the stanzas of this Debian release from the system's lists into FOLDER, both formats,
# turned into source entries: so the system's mirror serves, and the system's configuration stays
# untouched.
copy_source_lists() {  # copy_source_lists FOLDER
    local release file
    # shellcheck disable=SC1091
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ -f $file ]] || continue
        awk -v release="$release" -v RS='' -v ORS='\n\n' '
            $0 ~ "(^|\n)Suites:[^\n]*[ \t](" release "|stable)" && /(^|\n)Components:[^\n]*main/ {
                gsub(/(^|\n)#[^\n]*/, ""); gsub(/(^|\n)Types:[^\n]*/, ""); sub(/^\n+/, "")
                print "Types: deb-src\n" $0
            }' "$file" >"$1/$(basename "$file")"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ -f $file ]] || continue
        awk -v release="$release" '
            $1 == "deb" && / main/ {
                for (i = 2; i <= NF; i++) if ($i ~ "^(" release "|stable)") {
                    sub(/^[ \t]*deb[ \t]/, "deb-src "); print; break
                }
            }' "$file" >"$1/$(basename "${file%.list}").list"
    done
    find "$1" -empty -type f -delete
}

# Leaves the unpacked source of a Debian package in FOLDER. apt checks it against its signed lists.
debian_source() {  # debian_source PACKAGE FOLDER
    local apt=$work/apt options
    mkdir -p "$apt"/{parts,lists/partial,cache/archives/partial,get}
    copy_source_lists "$apt/parts"
    options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/parts"
             -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache")
    [[ $(id -u) == 0 ]] && options+=(-o APT::Sandbox::User=root)
    apt-get "${options[@]}" update || true
    rm -rf "$2" "$apt/get/"*
    (cd "$apt/get" && apt-get "${options[@]}" source --download-only "$1")
    dpkg-source --no-check -x "$apt/get/"*.dsc "$2"
}

# Sets `pip` to a python3 with pip: the user's own, else Debian's, installed only when a wheel is
# really to be fetched.
find_pip() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -m pip --version >/dev/null 2>&1; then pip=("$python" -m pip); return; fi
    done
    install_packages python3-pip
    pip=(/usr/bin/python3 -m pip)
}

# Fetches wheels into FOLDER, each requirement pinned by version and hash, which pip checks.
# Whatever python3 runs pip: the wheels taken are those for CPython 3.11, of which only C++ files
# are used.
fetch_wheels() {  # fetch_wheels FOLDER REQUIREMENT...
    local folder=$1 platform platforms=()
    shift
    rm -rf "$folder" && mkdir -p "$folder"
    printf '%s\n' "$@" >"$folder/pins.txt"
    find_pip
    for platform in manylinux_2_28_x86_64 manylinux_2_25_x86_64 manylinux2014_x86_64 any; do
        platforms+=(--platform "$platform")
    done
    PIP_PROGRESS_BAR=off "${pip[@]}" download --no-cache-dir --no-deps --only-binary=:all: \
        --implementation cp --python-version 3.11 "${platforms[@]}" \
        --require-hashes --dest "$folder" --requirement "$folder/pins.txt"
}
