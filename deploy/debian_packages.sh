#!/usr/bin/env bash
# What pip cannot install, from Debian's packages, when this is Debian and we are root:
#   deploy/debian_packages.sh         what the PDF bulletin draws with: Pango, fontconfig and a Chinese font
#   deploy/debian_packages.sh tests   the servers, the browser and the office of the tests besides
# Elsewhere, or without a network, what needs them says so by itself: the PDF is not made, those tests skip (with
# CI=true they fail).
set -euo pipefail
missing=()
has_library() { ldconfig -p | awk -v name="$1" '$1 == name { found = 1 } END { exit !found }'; }
has_library libpango-1.0.so.0 || missing+=(libpango-1.0-0)
has_library libpangoft2-1.0.so.0 || missing+=(libpangoft2-1.0-0)
# Not `fc-list | grep -q`: grep leaves at the first line, fc-list dies of it, and pipefail calls the font missing.
[ -n "$(fc-list ':family=Noto Sans CJK SC' family 2>/dev/null)" ] || missing+=(fontconfig fonts-noto-cjk)
if [ "${1:-}" = tests ]; then
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing+=(postgresql)
    command -v redis-server >/dev/null 2>&1 || missing+=(redis-server)
    command -v chromium >/dev/null 2>&1 || missing+=(chromium)
    # LibreOffice opens the workbook and the bulletin as offices do.
    [ -e /usr/lib/libreoffice/program/libsclo.so ] || missing+=(libreoffice-calc)
    [ -e /usr/lib/libreoffice/program/libswlo.so ] || missing+=(libreoffice-writer)
fi
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "not installed (not root on Debian): ${missing[*]}; what needs them says so" >&2
    exit 0
fi
echo "installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
case " ${missing[*]} " in
*" postgresql "*)
    # The server package would make and start a cluster of its own; tests start theirs on a free port.
    setting=/etc/postgresql-common/createcluster.d/no-cluster-for-tests.conf
    mkdir -p "${setting%/*}"
    trap 'rm -f "$setting"' EXIT
    echo "create_main_cluster = false" >"$setting"
    ;;
esac
# redis-server's package would start a server of its own; where policy-rc.d is obeyed it does not.
wait="-oDPkg::Lock::Timeout=120"
if ! { apt-get update -qq "$wait" && apt-get install -y -qq "$wait" --no-install-recommends "${missing[@]}" >/dev/null; }; then
    echo "could not be installed: ${missing[*]}; what needs them says so" >&2
fi
