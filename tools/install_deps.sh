#!/bin/bash
# install_deps.sh build|demo|check: install with apt what is missing on a Debian machine.
#   build   compiler, make, GSL, and PostgreSQL with its server headers
#   demo    build, and the market data of the package gretl-data, unpacked into .demo/
#   check   build, and what the test layers use
# With nothing missing apt is not called. PG_CONFIG names another PostgreSQL than the newest here.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-build}
case $purpose in build | demo | check) ;; *) sed -n '2,6s/^# //p' "$0" >&2; exit 2 ;; esac
say() { echo "deps: $*" >&2; }

# Does this pg_config's PostgreSQL have server headers?  (pgxs.mk is no sign of it: Debian's client package has one.)
has_headers() {
    [ -f "$("$1" --includedir-server 2>/dev/null)/postgres.h" ]
}

# The PostgreSQL that has server headers, else the newest server installed; empty: none.
find_postgres() {
    local config=${PG_CONFIG:-pg_config} version
    major='' bin=''
    if has_headers "$config"; then
        major=$("$config" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
        bin=$("$config" --bindir)
        return
    fi
    for version in 18 17 16 15; do
        if [ -x "/usr/lib/postgresql/$version/bin/postgres" ]; then
            major=$version bin=/usr/lib/postgresql/$version/bin
            return
        fi
    done
}

has_candidate() {
    # (not grep -q: it would end apt-cache by SIGPIPE, which pipefail takes for a failure)
    LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep 'Candidate: [0-9]' >/dev/null
}

# Names in $missing what the commands and files of this machine do not have. A package whose
# name has a * is taken when Debian offers it; without it its tests are skipped.
missing=()
need() { # need PACKAGE COMMAND...
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
list_missing() {
    local share config=${PG_CONFIG:-pg_config}
    missing=()
    need gcc command -v cc
    need libc6-dev test -e /usr/include/stdio.h
    need make command -v make
    need libgsl-dev command -v gsl-config
    need "postgresql-${major:-NN}" test -x "${bin:-/nowhere}/initdb"
    need "postgresql-server-dev-${major:-NN}" has_headers "$config"
    [ "$purpose" = check ] || return 0
    share=/usr/share/postgresql/${major:-NN}
    [ -z "$major" ] || share=$("$config" --sharedir 2>/dev/null || echo "$share")
    need "postgresql-${major:-NN}-pgtap" test -e "$share/extension/pgtap.control"
    need libtap-parser-sourcehandler-pgtap-perl command -v pg_prove
    need perl perl -MTest::More -MTime::HiRes -e1
    need libipc-run-perl perl -MIPC::Run -e1
    need valgrind command -v valgrind
    need python3 command -v python3
    need "postgresql-${major:-NN}-cron*" test -e "$share/extension/pg_cron.control"
    need clang-format-14* command -v clang-format-14
    # peers of the oracle layer
    need python3-numpy* /usr/bin/python3 -c 'import numpy'
    need python3-scipy* /usr/bin/python3 -c 'import scipy'
    need python3-mpmath* /usr/bin/python3 -c 'import mpmath'
    need python3-statsmodels* /usr/bin/python3 -c 'import statsmodels'
    need python3-sklearn* /usr/bin/python3 -c 'import sklearn'
    need quantlib-python* /usr/bin/python3 -c 'import QuantLib'
    need r-base-core* command -v Rscript
    need r-cran-fgarch* test -d /usr/lib/R/site-library/fGarch
    need r-cran-fextremes* test -d /usr/lib/R/site-library/fExtremes
    need r-cran-ttr* test -d /usr/lib/R/site-library/TTR
    need r-cran-tseries* test -d /usr/lib/R/site-library/tseries
    need r-cran-quantreg* test -d /usr/lib/R/site-library/quantreg
    # the driver of the bench layer, whose other peers are brought by make bench alone
    need python3-psycopg2* /usr/bin/python3 -c 'import psycopg2'
    need python3-pandas* /usr/bin/python3 -c 'import pandas'
}

# How to become root: as root, or by sudo when it may be used from here.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
may_be_root() {
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null || return
    sudo -n true 2>/dev/null || [ -t 0 ]
}
apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 "$@"
}

choose_major() {
    local version
    for version in 18 17 16 15; do
        if has_candidate "postgresql-server-dev-$version"; then major=$version; return; fi
    done
    say "Debian offers no PostgreSQL 15 to 18 here; add the postgresql.org apt repository and try again"
    exit 1
}

install_missing() {
    local package wanted=() log
    if ! command -v apt-get >/dev/null || ! may_be_root; then
        say "these packages are missing and need root to install: ${missing[*]%\*}"
        say "(NN stands for a PostgreSQL major version, 15 to 18) then run the same command again"
        exit 1
    fi
    apt_get update >/dev/null || say "apt-get update failed in part; going on with what it knows"
    [ -n "$major" ] || choose_major
    for package in "${missing[@]/NN/$major}"; do
        case $package in
            *\*) if has_candidate "${package%\*}"; then wanted+=("${package%\*}"); else
                say "${package%\*} is not to be had here: its tests will be skipped"; fi ;;
            *) wanted+=("$package") ;;
        esac
    done
    [ ${#wanted[@]} -gt 0 ] || return 0
    say "installing ${wanted[*]}"
    log=$(mktemp)
    without_main_cluster apt_get install -y --no-install-recommends "${wanted[@]}" >"$log" 2>&1 ||
        { tail -n 30 "$log" >&2; rm -f "$log"; say "apt-get install failed"; exit 1; }
    rm -f "$log"
}

# A new PostgreSQL package would start a cluster 'main' of its own: not wanted, so not made.
without_main_cluster() {
    local dir=/etc/postgresql-common/createcluster.d conf status=0
    conf=$dir/margin_calib_install.conf
    if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
        "$@"
        return
    fi
    as_root mkdir -p "$dir"
    echo 'create_main_cluster = false' | as_root tee "$conf" >/dev/null
    "$@" || status=$?
    as_root rm -f "$conf"
    return $status
}

# djclose.gdt and nysewk.gdt, without the graphical program that gretl-data belongs to.
fetch_market_data() {
    local dir=.demo/market work gdt
    [ -s "$dir/djclose.gdt" ] && [ -s "$dir/nysewk.gdt" ] && return
    mkdir -p "$dir"
    gdt=/usr/share/gretl/data/misc
    if [ ! -e $gdt/djclose.gdt ]; then
        work=$(mktemp -d)
        chmod 755 "$work"
        has_candidate gretl-data || { may_be_root && apt_get update >/dev/null; } || true
        say "downloading gretl-data (2 MB)"
        (cd "$work" && apt-get -q -o APT::Sandbox::User=root download gretl-data) >"$work/log" 2>&1 ||
            { cat "$work/log" >&2; rm -rf "$work"; say "gretl-data could not be downloaded"; exit 1; }
        dpkg -x "$work"/gretl-data_*.deb "$work/x"
        gdt=$work/x$gdt
    fi
    cp "$gdt/djclose.gdt" "$gdt/nysewk.gdt" "$dir/"
    rm -rf "${work:-/nonexistent}"
}

find_postgres
list_missing
required=0
for package in "${missing[@]}"; do [[ $package == *\* ]] || required=1; done
# optional packages that Debian does not offer must not call apt on every run
if [ $required = 1 ] || { [ ${#missing[@]} -gt 0 ] && [ ! -e build/optional_asked ]; }; then
    install_missing
    mkdir -p build && touch build/optional_asked
    find_postgres
    list_missing
    for package in "${missing[@]}"; do
        [[ $package == *\* ]] || { say "still missing after installing: $package"; exit 1; }
    done
fi
[ "$purpose" != demo ] || fetch_market_data
