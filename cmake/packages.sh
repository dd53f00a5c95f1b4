# shellcheck shell=sh
# Sourced by tests/run.sh and examples/quickstart.sh: installs what is missing, or says what to install. A thing
# is missing when it is in none of the usual places, however it comes there; its package's name is Debian's.

missing=

need_command() {  # PACKAGE COMMAND...: one of the commands
    package=$1
    shift
    for command in "$@"; do command -v "$command" >/dev/null 2>&1 && return; done
    missing="$missing $package"
}

need_file() {  # PACKAGE PATH...: one of the paths, relative to the usual prefixes
    package=$1
    shift
    for prefix in $(echo "${CMAKE_PREFIX_PATH-}" | tr ':;' '  ') /usr /usr/local /opt/homebrew /opt/local; do
        for path in "$@"; do [ -e "$prefix/$path" ] && return; done
    done
    missing="$missing $package"
}

install_missing() {
    missing=${missing# }
    [ -n "$missing" ] || return 0
    as_root=
    if command -v apt-get >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ]; then
            as_root="env"
        elif sudo -n true >/dev/null 2>&1; then
            as_root="sudo -n env"
        fi
    fi
    if [ -z "$as_root" ]; then
        echo "weft needs these packages (Debian's and Ubuntu's names):"
        echo "    $missing"
        echo "Install them, on Debian or Ubuntu with"
        echo "    sudo apt-get install $missing"
        echo "and run this command again."
        return 1
    fi
    echo "installing: $missing"
    log=$(mktemp)
    # shellcheck disable=SC2086  # $as_root and $missing are lists of words
    if $as_root apt-get -q update >"$log" 2>&1 </dev/null &&
       $as_root DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing \
           >>"$log" 2>&1 </dev/null; then
        rm -f "$log"
        return 0
    fi
    cat "$log"
    rm -f "$log"
    echo "apt-get could not install: $missing"
    return 1
}
