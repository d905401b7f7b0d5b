# shellcheck shell=bash
# System packages: which are missing and how they are installed; sourced by install.sh.

# Print a Python of at least 3.11 that can make virtual environments, nothing where there is none.
find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
}

java_is_right() {
    local java=java version
    [ -z "${JAVA_HOME:-}" ] || java=$JAVA_HOME/bin/java
    version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${version:-0}" -ge 17 ]
}

# The version of a package that apt would install, nothing where it has none.
candidate() { apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: \(.*\)/\1/p' | grep -v '(none)'; }

python_packages() {
    local version
    version=$(candidate python3)
    if [ -n "$version" ] && dpkg --compare-versions "$version" lt 3.11; then
        echo python3.11 python3.11-venv
    else
        echo python3 python3-venv
    fi
}

java_package() {
    if [ -n "$(candidate openjdk-17-jre-headless)" ]; then
        echo openjdk-17-jre-headless
    else
        echo default-jre-headless
    fi
}

# Set PYTHON_PACKAGES and OTHER_PACKAGES to what is missing; $1 is "test" for the needs of tests too.
find_missing() {
    PYTHON_PACKAGES=() OTHER_PACKAGES=()
    [ -n "$(find_python)" ] || read -r -a PYTHON_PACKAGES <<<"$(python_packages)"
    [ -e /etc/ssl/certs/ca-certificates.crt ] || PYTHON_PACKAGES+=(ca-certificates)
    java_is_right || OTHER_PACKAGES+=("$(java_package)")
    command -v nfdump >/dev/null || OTHER_PACKAGES+=(nfdump)
    command -v tshark >/dev/null || OTHER_PACKAGES+=(tshark)
    command -v ps >/dev/null || OTHER_PACKAGES+=(procps)
    [ "${1:-}" = test ] || return 0
    command -v chromium >/dev/null || OTHER_PACKAGES+=(chromium)
    command -v git >/dev/null || OTHER_PACKAGES+=(git)
    # The Node that drives the browser is linked to it.
    compgen -G '/usr/lib/*/libatomic.so.1' >/dev/null || OTHER_PACKAGES+=(libatomic1)
}

# Run apt-get as root and without questions; the lock of another apt is waited for.
apt_get() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -y "$@"
}

apt_install() { apt_get install --no-install-recommends "$@"; }

# Tell whether we may install packages: as root, or with a sudo that needs no new question.
may_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null && return 0
    [ -t 0 ] && sudo -v
}
