#!/usr/bin/env bash
# A practice writes to a patient and to a hospital, as its integration tests would tell it. One line for each thing that was seen, in TAP;
# the first that fails ends the script, and its world with it.
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./mss-sim.sh
. ./practice.sh

seen=0
ok() { seen=$((seen + 1)) && echo "ok $seen - $1"; }
trap 'echo "not ok $((seen + 1)) - line $LINENO: $BASH_COMMAND"' ERR
refused() { if "$@"; then return 1; fi; }

doctor=$(persona doctor '.mailboxes[0].address')
practice=$(persona secretary '.mailboxes[] | select(.kind == "CAB").address')
patient=$(persona patient '.mailboxes[0].address')
patient2=$(persona patient2 '.mailboxes[0].address')

# A letter by SMTP, read by REST and by IMAP; the reading is told to its sender, by a letter and on the timeline.
send doctor "$patient" 'Votre bilan' --add-header "Disposition-Notification-To: $doctor" >"$folder/said"
[ "$(wait_for patient "$patient" 'Votre bilan' | jq -r '.from[0].address')" = "$doctor" ]
ok 'the patient has the letter'
imap 1 -u "$(account patient)" | grep -q '^Bonjour\.'
ok 'the patient reads it'
wait_for doctor "$doctor" 'Read: Votre bilan' >"$folder/receipt"
[ "$(rest doctor "$doctor/sent" | jq -r '.items[0].recipients[0].state')" = displayed ]
ok 'the doctor knows that it was opened'

# Once the conversation is closed, the patient no longer answers.
send patient "$doctor" 'Merci' >"$folder/said"
ok 'the patient answers'
send doctor "$patient" '[FIN]' >"$folder/said"
wait_for patient "$patient" '[FIN]' >"$folder/end"
refused send patient "$doctor" 'Encore merci' >"$folder/said"
grep -q '550 5\.7\.1 .*(conversation-closed' "$folder/said"
ok 'after the end of the conversation the patient is refused'

# A grant lets the secretary in, with a token of Pro Santé Connect too; once it is revoked, no door knows her.
send hospital "$practice" 'Sortie' >"$folder/said"
wait_for secretary "$practice" 'Sortie' >"$folder/letter"
token=$(control POST "$HTTP/control/tokens" "{\"who\": \"$(persona secretary .login)\"}" | jq -r .access_token)
imap 1 --user "$practice:" --oauth2-bearer "$token" --login-options AUTH=XOAUTH2 | grep -q '^Subject: Sortie'
ok "the secretary reads the practice's letter"
grant=$(rest doctor "$practice/grants" | jq -r --arg who "$(persona secretary .idnat)" '.[] | select(.grantee.idnat == $who).id')
rest doctor "$practice/grants/$grant" -X DELETE >"$folder/revoked"
refused rest secretary "$practice/messages" >"$folder/refused" 2>"$folder/said"
[ "$(jq -r .status "$folder/refused")" = 404 ]
refused imap 1 --user "$practice:" --oauth2-bearer "$token" --login-options AUTH=XOAUTH2 2>"$folder/said"
ok 'the grant is revoked, and the mailbox is not there for her'

# A week passes in a moment; who has not opened a letter by then is on the watch list.
send doctor "$patient2" 'Rappel' --add-header "Disposition-Notification-To: $doctor" >"$folder/said"
wait_for patient2 "$patient2" 'Rappel' >"$folder/letter"
control POST "$HTTP/control/clock/advance" '{"by": "P7D"}' >"$folder/happened"
[ "$(rest doctor "$doctor/watch-list" | jq -r '.items[] | "\(.subject) \(.reason)"')" = 'Rappel not_opened' ]
ok 'a letter that nobody opened for a week is on the watch list'
echo "1..$seen"
