<?php
// The day of a mailbox as Roundcube lives it, by its class for IMAP alone. The argument is JSON: where the class lies, host, port, authority,
// user, password, letters and which part of the day. What it saw goes to standard output, one JSON value a line; an error ends the program.

$story = json_decode($argv[1], true, 16, JSON_THROW_ON_ERROR);
require $story['roundcube'] . '/bootstrap.php';
set_error_handler(function ($kind, $words, $file, $line) {
    if (error_reporting() & $kind) {
        throw new ErrorException($words, 0, $kind, $file, $line);
    }
});

function say($seen)
{
    echo json_encode($seen, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR), "\n";
}

function connected($story)
{
    $client = new rcube_imap_generic();
    $client->setDebug(!empty($story['debug']), fn ($client, $line) => fwrite(STDERR, $line . "\n"));
    $options = [
        'port' => $story['port'],
        'ssl_mode' => 'tls',
        'timeout' => 20,
        'auth_type' => $story['method'],
        'socket_options' => ['ssl' => ['cafile' => $story['ca'], 'peer_name' => 'localhost', 'verify_peer' => true]],
        'ident' => ['name' => 'Roundcube', 'version' => RCUBE_VERSION],
    ];
    if (!$client->connect('localhost', $story['user'], $story['password'], $options)) {
        throw new RuntimeException($client->error);
    }
    return $client;
}

// What a method answers, which must not be its word for failure.
function done($client, $answer)
{
    if ($answer === false || $answer === null) {
        throw new RuntimeException($client->error ?: $client->result ?: 'refused without a word');
    }
    return $answer;
}

function letters($client, $story)
{
    foreach ($story['letters'] as $letter) {
        $octets = base64_decode($letter);
        say(done($client, $client->append('INBOX', $octets, ['SEEN'], '05-Jan-2026 09:00:00 +0000')));
    }
}

function tree($client)
{
    say($client->getNamespace());
    say($client->getHierarchyDelimiter());
    say($client->listMailboxes('', '*'));
    say($client->listMailboxes('', '*', ['SUBSCRIBED']));
    say($client->listMailboxes('', '*', [], ['SUBSCRIBED', 'RECURSIVEMATCH']));
    say($client->listSubscribed('', '*'));
    say($client->listMailboxes('', '*', ['SUBSCRIBED'], ['SPECIAL-USE']));
    say($client->status('Sent', ['UIDNEXT', 'UIDVALIDITY', 'RECENT', 'SIZE', 'HIGHESTMODSEQ']));
}

function order($client, $story)
{
    letters($client, $story);
    done($client, $client->select('INBOX'));
    say($client->countMessages('INBOX'));
    say($client->countUnseen('INBOX'));
    foreach ($client->fetchHeaders('INBOX', '1:*', true, true, ['X-MSS-NIL']) as $header) {
        say([$header->uid, $header->subject, $header->from, $header->size, $header->flags, $header->timestamp, $header->internaldate]);
    }
    say($client->fetchHeader('INBOX', 2, true, true)->bodystructure);
    say($client->getStructure('INBOX', 2, true));
    say($client->fetchMIMEHeaders('INBOX', 2, ['1', '2']));
    say(base64_encode($client->handlePartBody('INBOX', 2, true, '2', 'base64')));
    say($client->handlePartBody('INBOX', 1, true));
}

function looking($client)
{
    say($client->search('INBOX', 'UNDELETED SUBJECT "DEUX"', true)->get());
    say($client->search('INBOX', 'CHARSET UTF-8 SUBJECT ' . rcube_imap_generic::escape('été', true), true)->get());
    say($client->search('INBOX', 'CHARSET ISO-8859-1 SUBJECT ' . rcube_imap_generic::escape(mb_convert_encoding('été', 'ISO-8859-1'), true), true)->get());
    say($client->search('INBOX', 'ALL', true, ['MIN', 'MAX', 'COUNT'])->get_parameters());
    say($client->sort('INBOX', 'DATE', '', true)->get());
    say($client->sort('INBOX', 'SUBJECT', 'UNDELETED', true, 'UTF-8')->get());
    say($client->thread('INBOX', 'REFERENCES', '', true)->get_tree());
    say($client->index('INBOX', '1:*', 'SIZE', true, true, true)->get());
    say($client->fetchHeaderIndex('INBOX', '1:*', 'DATE'));
    say([$client->UID2ID('INBOX', 2), $client->ID2UID('INBOX', 1)]);
}

function moving($client)
{
    say(done($client, $client->flag('INBOX', '1,2', 'FLAGGED')));
    say(done($client, $client->unflag('INBOX', '2', 'FLAGGED')));
    say($client->search('INBOX', 'FLAGGED', true)->get());
    say(done($client, $client->createFolder('&AMk-t&AOk-')));
    say(done($client, $client->createFolder('Envois', ['\\Sent'])));
    say(done($client, $client->subscribe('Envois')));
    say(done($client, $client->copy('1', 'INBOX', '&AMk-t&AOk-')));
    say(done($client, $client->move('2:3', 'INBOX', '&AMk-t&AOk-')));
    say($client->countMessages('&AMk-t&AOk-'));
    say(done($client, $client->renameFolder('&AMk-t&AOk-', 'Hiver')));
    say($client->search('Hiver', 'ALL', true)->get());
    say(done($client, $client->flag('Hiver', '1', 'DELETED')));
    say(done($client, $client->expunge('Hiver', '1')));
    say(done($client, $client->clearFolder('Hiver')));
    say(done($client, $client->deleteFolder('Hiver')));
}

function deleting($client)
{
    say($client->flag('INBOX', '1', 'DELETED'));
    say($client->error);
    say($client->expunge('INBOX', '1'));
    say($client->clearFolder('INBOX'));
}

function rights($client)
{
    say($client->getACL('INBOX'));
    say(implode($client->myRights('INBOX')));
    say($client->listRights('INBOX', 'sophie.petit'));
    say($client->getQuota('INBOX'));
    say(done($client, $client->setACL('INBOX', 'hugo.bernard', 'lrs')));
    say($client->getACL('INBOX'));
    say(done($client, $client->deleteACL('INBOX', 'hugo.bernard')));
}

$client = connected($story);
foreach ($story['parts'] as $part) {
    $part($client, $story);
}
$client->closeConnection();
