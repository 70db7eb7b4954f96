#!/usr/bin/env bash
# Installs the programs that the tests send to the simulator, none of which knows it, those that build its image, and those that play the
# examples: as root on Debian or Ubuntu what is missing is installed; anywhere else it is named, and the tests of what is missing fail.
# Nothing is asked of standard input.
set -euo pipefail
exec </dev/null
export DEBIAN_FRONTEND=noninteractive

CLASSES=usr/share/roundcube/program/lib/Roundcube

say() { printf '== %s\n' "$*"; }

has_jar() { [ -d "/usr/share/maven-repo/$1" ]; }

# swaks needs the two modules for TLS and for names.
missing_packages() {
    command -v git >/dev/null || echo git
    command -v curl >/dev/null || echo curl ca-certificates
    command -v openssl >/dev/null || echo openssl
    command -v jq >/dev/null || echo jq # the examples of the guides use it
    command -v swaks >/dev/null || echo swaks
    perl -MNet::SSLeay -e 1 2>/dev/null || echo libnet-ssleay-perl
    command -v mbsync >/dev/null || echo isync
    command -v fetchmail >/dev/null || echo fetchmail
    command -v neomutt >/dev/null || echo neomutt
    command -v dig >/dev/null || echo bind9-dnsutils
    command -v ldapsearch >/dev/null || echo ldap-utils
    # Debian's place for it is not on every user's PATH.
    [ -x /usr/sbin/postfix ] || command -v postfix >/dev/null || echo postfix
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
    perl -MMail::IMAPClient -e 1 2>/dev/null || echo libmail-imapclient-perl
    perl -MIO::Socket::SSL -e 1 2>/dev/null || echo libio-socket-ssl-perl
    command -v php >/dev/null || echo php-cli
    php -r 'exit(extension_loaded("mbstring") ? 0 : 1);' 2>/dev/null || echo php-mbstring
    command -v javac >/dev/null || echo default-jdk-headless # java runs a source file where the compiler is
    [ -f /usr/share/java/jakarta-mail.jar ] || echo libjakarta-mail-java
    # The example in Java is played by Maven from Debian's jars alone, its plugins too.
    command -v mvn >/dev/null || echo maven
    has_jar org/junit/jupiter/junit-jupiter || echo junit5
    has_jar com/google/code/gson/gson || echo libgoogle-gson-java
    has_jar org/apache/maven/plugins/maven-compiler-plugin || echo libmaven-compiler-plugin-java
    has_jar org/apache/maven/plugins/maven-resources-plugin || echo libmaven-resources-plugin-java
    has_jar org/apache/maven/surefire/surefire-junit-platform || echo libsurefire-java
    command -v go >/dev/null || echo golang-go
    [ -d /usr/share/gocode/src/github.com/emersion/go-imap ] || echo golang-github-emersion-go-imap-dev
    # The pages are looked at in a browser; a font comes with it, for it needs one to lay out text.
    command -v chromium >/dev/null || command -v google-chrome >/dev/null || echo chromium fonts-dejavu-core
    # The image is built and started without an engine (tests/image).
    command -v buildah >/dev/null || echo buildah
    command -v mmdebstrap >/dev/null || echo mmdebstrap
    # As root, the tests' PostgreSQL runs as a user of its own, which it makes.
    command -v useradd >/dev/null || echo passwd
}

# Roundcube's classes alone: the package would bring a web server and a database.
unpack_roundcube() {
    local folder
    say "unpacking roundcube-core"
    folder=$(mktemp -d)
    chmod 755 "$folder"
    (cd "$folder" && apt-get download -qq roundcube-core && dpkg-deb --fsys-tarfile roundcube-core_*.deb | tar -x -C / "./$CLASSES")
    rm -r "$folder"
}

mapfile -t packages < <(missing_packages | tr ' ' '\n')
roundcube=
[ -f "/$CLASSES/rcube_imap_generic.php" ] || roundcube=roundcube-core
if [ "${#packages[@]}" -eq 0 ] && [ -z "$roundcube" ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    say "missing: ${packages[*]:+${packages[*]} }$roundcube; their tests will fail. Install them (sudo apt-get install …), or run this as root on Debian or Ubuntu" >&2
    exit 0
fi
apt-get update -qq
if [ "${#packages[@]}" -gt 0 ]; then
    say "installing ${packages[*]}"
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
[ -z "$roundcube" ] || unpack_roundcube
