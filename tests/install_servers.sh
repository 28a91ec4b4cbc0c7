#!/usr/bin/env bash
# Servers, a browser and an office for the tests that need real ones: from Debian's packages, when this is Debian and we are root.
# Elsewhere, or without a network, those tests skip and say why; with CI=true they fail instead.
set -euo pipefail
missing=()
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing+=(postgresql)
command -v redis-server >/dev/null 2>&1 || missing+=(redis-server)
command -v chromium >/dev/null 2>&1 || missing+=(chromium)
# Not `fc-list | grep -q`: grep leaves at the first line, fc-list dies of it, and pipefail calls the font missing.
[ -n "$(fc-list ':family=Noto Sans CJK SC' family 2>/dev/null)" ] || missing+=(fontconfig fonts-noto-cjk)
# LibreOffice opens the workbook and the bulletin as offices do.
[ -e /usr/lib/libreoffice/program/libsclo.so ] || missing+=(libreoffice-calc)
[ -e /usr/lib/libreoffice/program/libswlo.so ] || missing+=(libreoffice-writer)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "not installed (not root on Debian): ${missing[*]}; tests that need them will skip" >&2
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
    echo "could not be installed: ${missing[*]}; tests that need them will skip" >&2
fi
