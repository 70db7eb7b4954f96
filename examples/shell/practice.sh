# shellcheck shell=bash
# What is tested, to be sourced after mss-sim.sh: a practice's programs that send and read. People are named by their role in the seed.

# PERSON FIELD: what the world tells of somebody, such as .login or .mailboxes[0].address.
persona() { jq -er --arg role "$1" ".personas[] | select(.role == \$role) | $2" <<<"$WORLD"; }
account() { persona "$1" '"\(.login):\(.password)"'; }
port() { jq -r ".$1.port" <<<"$WORLD"; }

# PERSON TO SUBJECT [OPTION OF SWAKS …]: sends a letter from one's own mailbox; fails, and tells the conversation, when it is refused.
send() {
    local who=$1 to=$2 subject=$3
    swaks --server localhost --port "$(port submission)" --tls --tls-verify --tls-ca-path "$CA" --timeout 30 \
        --auth PLAIN --auth-user "$(persona "$who" .login)" --auth-password "$(persona "$who" .password)" \
        --from "$(persona "$who" '.mailboxes[0].address')" --to "$to" --header "Subject: $subject" --body 'Bonjour.' "${@:4}"
}

# PERSON PATH [OPTION OF CURL …]: a request to the REST API, below /api/v1/mailboxes; fails when it is refused.
rest() { curl -sS --fail-with-body --max-time 30 -u "$(account "$1")" "${@:3}" "$HTTP/api/v1/mailboxes/$2"; }

# NUMBER OPTION OF CURL …: a letter of INBOX by IMAP; the options say who is asking.
imap() { curl -sS --max-time 30 --ssl-reqd --cacert "$CA" "${@:2}" "imap://localhost:$(port imap)/INBOX;MAILINDEX=$1"; }

# PERSON MAILBOX SUBJECT: waits for a letter, and tells it (JSON): one request, which is answered when it has come.
wait_for() {
    local found
    found=$(rest "$1" "$2/messages" -G -d folder=INBOX -d wait=10 --data-urlencode "subject=$3" | jq -c '.items[0] // empty')
    [ -n "$found" ] || { echo "no letter “$3” came to $2" >&2; return 1; }
    echo "$found"
}
