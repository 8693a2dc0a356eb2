#!/bin/sh
# Installs a release of Watchbook on a handheld, without a network:
#
#   sh install.sh watchbook-VERSION-ARCH.tar [--root DIR]
#
# as root. Beside this file lies publisher.pem, the key that the release must be signed with; a handheld that has a key
# in /etc/watchbook keeps to that one. Nothing of the release is run before its signature and every hash are good.
# --root installs into a bare tree instead of this machine: no user, nothing started, nobody's rights.
#
#   sh install.sh --beside PREFIX
#
# in a folder where a release was unpacked and checked: makes PREFIX/releases/VERSION ready beside whatever runs, and
# touches nothing else. The file `whole` in it is written last; a release without that is none.
set -eu
umask 022
PACKAGES='python3-venv openssl weston foot fonts-noto-cjk libpam-systemd bluez'
GROUPS_WANTED='input video render dialout audio bluetooth'

refuse() { # CHINESE ENGLISH: the end
    printf '%s / %s\n' "$1" "$2" >&2
    exit 1
}

must_have() { # PROGRAM...
    for program; do
        command -v "$program" >/dev/null ||
            refuse "缺少 $program,请先安装:apt-get install $PACKAGES" "$program is missing, first: apt-get install $PACKAGES"
    done
}

describe() { # RELEASE.JSON: "arch python version bytes", then "sha256  name" of each file
    python3 -I -S - "$1" <<'END'
import json, re, sys

def text(value, form):
    if not isinstance(value, str) or not re.fullmatch(form, value, re.ASCII):
        sys.exit(1)
    return value

with open(sys.argv[1], encoding="utf-8") as file:
    release = json.load(file)
text(release["product"], "watchbook")
size = sum(int(file["size"]) for file in release["files"])
machine = (text(release["arch"], r"\w{1,20}"), text(release["python"], r"3\.\d{1,2}"))
print(*machine, text(release["version"], r"\d[0-9a-z.]{0,29}"), size)
for file in release["files"]:
    name = text(file["name"], r"((units|wheels)/)?[A-Za-z0-9][A-Za-z0-9._+@-]{0,99}")
    print(f'{text(file["sha256"], "[0-9a-f]{64}")}  {name}')
END
}

find_python() { # VERSION: its path
    for name in "python$1" python3; do
        found=$(command -v "$name") || continue
        [ "$("$found" -I -S -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "$1" ] || continue
        "$found" -I -c 'import ensurepip, venv' 2>/dev/null ||
            refuse "缺少 python3-venv,请先安装:apt-get install $PACKAGES" "python3-venv is missing, first: apt-get install $PACKAGES"
        printf '%s\n' "$found"
        return
    done
    refuse "本机没有 Python $1,此发布装不上" "this machine has no Python $1, which the release is for"
}

free() { # FOLDER: kilobytes
    df -Pk "$1" | { read -r _; read -r _ _ _ left _; printf '%s\n' "$left"; }
}

no_room() { # KILOBYTES
    refuse "存储空间不够(还要 $(($1 / 1024 + 1)) MB),没有安装,原来的程序照常用。请清理空间" \
        "the storage is full (it takes $(($1 / 1024 + 1)) MB more): nothing was installed, the old program runs on. Free some space"
}

lead() { # PREFIX LINK TARGET: from now on, or not at all
    rm -f "$1/$2.part"
    ln -s "$3" "$1/$2.part"
    mv -fT "$1/$2.part" "$1/$2"
    sync "$1"
}

# -- a release beside the running one ---------------------------------------------------------------

step() { # COMMAND...: one step of laying
    said=$("$@" 2>&1) && return
    rm -rf "$to"
    case $said in
    *'No space left'* | *'Errno 28'*) no_room "$need" ;;
    esac
    [ "$(free "$prefix")" -gt 1024 ] || no_room "$need"
    refuse "安装失败,原来的程序照常用:$(printf '%s' "$said" | tail -n 1)" \
        "it could not be installed, the old program runs on: $(printf '%s' "$said" | tail -n 1)"
}

clear_away() { # what an earlier try left, and releases that nothing leads to
    for old in "$prefix"/releases/*/; do
        [ -d "$old" ] || continue
        name=releases/$(basename "$old")
        [ -e "$old/whole" ] && case $name in
        "releases/$version" | "$(readlink "$prefix/current" || :)" | "$(readlink "$prefix/previous" || :)") continue ;;
        esac
        rm -rf "$old"
    done
}

lay() { # FOLDER PREFIX
    prefix=$2
    listed=$(describe "$1/release.json") || refuse '这不是本程序的发布文件' 'this is not a release of Watchbook'
    read -r _ wanted version size <<END
$listed
END
    python=$(find_python "$wanted")
    to=$prefix/releases/$version
    sum=$(sha256sum <"$1/release.json" | cut -c 1-64)
    mkdir -p "$prefix/releases"
    exec 9>"$prefix/.lock"
    flock -n 9 || refuse '另一次安装正在进行' 'another installation is under way'
    clear_away
    if [ -e "$to/whole" ]; then
        [ "$(cat "$to/whole")" = "$sum" ] && return
        refuse "已装有另一份 $version,版本号要换" "another build of $version is installed: a release that changes takes a new number"
    fi
    need=$((size / 1024 * 4 + 40960))
    [ "$(free "$prefix/releases")" -ge "$need" ] || no_room $((need - $(free "$prefix/releases")))
    export PIP_CONFIG_FILE=/dev/null # this machine's would be read even with --isolated
    step "$python" -I -m venv "$to"
    step "$to/bin/python" -I -m pip install --isolated --quiet --disable-pip-version-check --no-cache-dir \
        --no-index --no-deps --root-user-action=ignore "$1"/wheels/*.whl
    step "$to/bin/python" -I -m pip --disable-pip-version-check --isolated check
    step "$to/bin/python" -I -m compileall -q "$to/lib"
    step "$to/bin/watchbook" keys
    step sync --file-system "$to"
    printf '%s\n' "$sum" >"$to/whole.part"
    sync "$to/whole.part"
    mv "$to/whole.part" "$to/whole"
    sync "$to" "$prefix/releases"
}

# -- this machine, or a bare tree -------------------------------------------------------------------

take() { # NAME MOST: a member of the release, at most so many bytes, into the folder
    tar -xOf - "$1" <"$tar" 2>/dev/null | head -c "$2" >"$folder/$1"
}

check() { # the release in $tar into $folder, which is ours alone until then: read, checked, and said to fit
    [ -r "$tar" ] || refuse "读不出:$tar" "this cannot be read: $tar"
    take release.json 65536
    take release.sig 65
    [ -s "$folder/release.sig" ] ||
        refuse '这不是本程序的发布文件,或不完整' 'this is not a release of Watchbook, or not all of it'
    openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in "$folder/release.json" -sigfile "$folder/release.sig" \
        >/dev/null 2>&1 ||
        refuse '发布文件的签名不对,没有安装。请联系管理员' \
            "the release is not signed with the publisher's key, nothing was installed: call the administrator"
    listed=$(describe "$folder/release.json") || refuse '这不是本程序的发布文件' 'this is not a release of Watchbook'
    read -r arch wanted version size <<END
$listed
END
    [ "$arch" = "$(uname -m)" ] ||
        refuse "发布文件用于 $arch 处理器,本机是 $(uname -m)。请换用本机的文件" \
            "the release is for $arch, this machine is $(uname -m): take the file for this machine"
    find_python "$wanted" >/dev/null
    [ "$(free "$folder")" -gt $((size / 1024 + 1024)) ] || no_room $((size / 1024 + 1024 - $(free "$folder")))
    printf '%s\n' "$listed" | tail -n +2 >"$folder/sums"
    cut -c 67- "$folder/sums" >"$folder/names"
    if ! tar -xmf - --no-same-owner --no-same-permissions -C "$folder" -T "$folder/names" <"$tar" 2>/dev/null ||
        [ -n "$(find "$folder" ! -type f ! -type d)" ] ||
        ! (cd "$folder" && sha256sum --status --strict -c sums); then
        refuse '发布文件不完整或已损坏,没有安装。请重新复制' \
            'the release file is damaged or not all of it is there, nothing was installed: copy it again'
    fi
}

put() { # FILE TARGET
    mkdir -p "$(dirname "$2")"
    cp --remove-destination "$1" "$2.part"
    sync "$2.part"
    mv -f "$2.part" "$2"
}

seat() { # what the system must know; each file goes where its name says
    etc=$root/etc
    chmod 755 "$folder/launch" "$folder/units/terminal"
    put "$folder/launch" "$prefix/launch"
    for file in "$folder"/units/*; do
        name=$(basename "$file")
        case $name in
        *.service) put "$file" "$etc/systemd/system/$name" ;;
        *.rules) put "$file" "$etc/udev/rules.d/$name" ;;
        pam) put "$file" "$etc/pam.d/watchbook" ;;
        logind.conf) put "$file" "$etc/systemd/logind.conf.d/watchbook.conf" ;;
        sysctl.conf) put "$file" "$etc/sysctl.d/watchbook.conf" ;;
        terminal) put "$file" "$prefix/$name" ;;
        screen.ini | weston.ini) [ -e "$etc/watchbook/$name" ] || put "$file" "$etc/watchbook/$name" ;;
        *) put "$file" "$etc/watchbook/$name" ;;
        esac
    done
    [ -e "$etc/watchbook/publisher.pem" ] || put "$key" "$etc/watchbook/publisher.pem"
    mkdir -p "$etc/systemd/system/multi-user.target.wants" "$root/media"
    ln -sfn ../watchbook.service "$etc/systemd/system/multi-user.target.wants/watchbook.service"
    ln -sfn /dev/null "$etc/systemd/system/ctrl-alt-del.target"
    [ -d "$root/media/watchbook" ] || mkdir -m 000 "$root/media/watchbook"
}

make_user() {
    getent passwd watchbook >/dev/null ||
        useradd --system --user-group --home-dir /var/lib/watchbook --no-create-home --shell /usr/sbin/nologin watchbook
    for group in $GROUPS_WANTED; do
        if getent group "$group" >/dev/null; then usermod --append --groups "$group" watchbook; fi
    done
    install -d -o watchbook -g watchbook -m 755 "$prefix"
    install -d -o watchbook -g watchbook -m 700 /var/lib/watchbook
}

as_user() {
    if [ -n "$root" ]; then
        "$@"
    else
        setpriv --reuid=watchbook --regid=watchbook --init-groups -- "$@"
    fi
}

switch() {
    now=$(readlink "$prefix/current" || :)
    [ "$now" != "releases/$version" ] || return 0
    if [ -n "$now" ]; then
        as_user sh "$folder/install.sh" --lead "$prefix" previous "$now"
        as_user sh -c 'printf "%s 0\n" "$2" >"$1/trial.part" && sync "$1/trial.part" && mv -f "$1/trial.part" "$1/trial"' \
            sh "$prefix" "$version"
    fi
    as_user sh "$folder/install.sh" --lead "$prefix" current "releases/$version"
}

install_release() {
    must_have python3 openssl tar sha256sum flock setpriv
    prefix=$root/opt/watchbook
    key=$root/etc/watchbook/publisher.pem
    [ -e "$key" ] || key=$(dirname "$0")/publisher.pem
    [ -r "$key" ] || refuse "缺少发布公钥:$key" "the publisher's key is missing: $key"
    if [ -z "$root" ]; then
        [ "$(id -u)" = 0 ] || refuse '请以管理员身份运行(root)' 'run this as root'
        must_have weston foot
    fi
    rm -rf "$root"/var/tmp/watchbook.?????? # of a try that was killed
    folder=$(mktemp -d "$root/var/tmp/watchbook.XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    check
    chmod 755 "$folder"
    if [ -z "$root" ]; then make_user; else mkdir -p "$prefix" "$root/var/lib/watchbook"; fi
    as_user mkdir -p "$prefix/releases" "$prefix/incoming"
    as_user sh "$folder/install.sh" --beside "$prefix"
    seat
    [ -e "$root/var/lib/watchbook/stick" ] || as_user ln -sfn /media/watchbook "$root/var/lib/watchbook/stick"
    switch
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        udevadm control --reload
    fi
    printf '%s / %s\n' "已安装 $version,重启后使用" "$version is installed: restart the handheld"
}

case ${1:-} in
--beside)
    lay "$(dirname "$0")" "$2"
    ;;
--lead)
    shift
    lead "$@"
    ;;
'' | -*)
    sed -n 's/^#   /  /p' "$0" >&2
    exit 2
    ;;
*)
    tar=$1
    root=''
    [ "${2:-}" != --root ] || root=$(CDPATH='' cd -- "$3" && pwd -P)
    install_release
    ;;
esac
