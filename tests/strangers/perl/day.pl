# The day of a mailbox as Mail::IMAPClient lives it. The argument is JSON: options of the client, letters, and which parts of the day.
# What it saw goes to standard output, one JSON value a line; an error ends the program.
use strict;
use warnings;
use JSON::PP;
use Mail::IMAPClient;
use MIME::Base64;

$| = 1;
my $story = decode_json( $ARGV[0] );
my $json = JSON::PP->new->utf8(0)->canonical->allow_nonref;
my $client;

sub say_seen {
    my ($seen) = @_;
    print $json->encode($seen), "\n";
}

# What a method answers, which must not be its word for failure.
sub done {
    my ($answer) = @_;
    defined $answer or die $client->LastError // 'refused without a word', "\n";
    return $answer;
}

sub connected {
    my ($options) = @_;
    my %tls = ( SSL_ca_file => $story->{ca}, SSL_verify_mode => 1, SSL_verifycn_name => 'localhost', SSL_verifycn_scheme => 'imap' );
    $client = Mail::IMAPClient->new(
        Server => 'localhost', Port => $story->{port}, Timeout => 20, Starttls => [%tls], Uid => 1, %$options,
        $story->{debug} ? ( Debug => 1, Debug_fh => \*STDERR ) : (),
    ) or die "$@\n";
    return $client;
}

my %parts = (
    tree => sub {
        say_seen( [ sort $client->folders ] );
        say_seen( $client->separator );
        say_seen( $client->namespace );
        say_seen( [ map { [ $_->{name}, @{ $_->{attrs} } ] } $client->folders_hash ] );
        say_seen( [ sort $client->subscribed ] );
        say_seen( $client->is_parent('INBOX') );
        say_seen( $client->selectable('INBOX') ? 1 : 0 );
        say_seen( $client->exists('Nulle part') ? 1 : 0 );
        say_seen( $client->has_capability('IDLE') ? 1 : 0 );
    },

    order => sub {
        for my $letter ( @{ $story->{letters} } ) {
            say_seen( done( scalar $client->append_string( 'INBOX', decode_base64($letter), '\\Seen', '05-Jan-2026 09:00:00 +0000' ) ) );
        }
        done( $client->select('INBOX') );
        say_seen( [ $client->messages ] );
        say_seen( [ $client->message_count, $client->unseen_count // 'none', $client->uidnext('INBOX') ] );
        my $found = done( scalar $client->fetch_hash( 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE' ) );
        say_seen( [ map { [ $_, @{ $found->{$_} }{ 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE' } ] } sort keys %$found ] );
        say_seen( $client->parse_headers( 2, 'Subject', 'From' ) );
        say_seen( $client->subject(3) );
        my $structure = done( $client->get_bodystructure(2) );
        say_seen( [ map { [ $_->bodytype, $_->bodysubtype, $_->bodysize ] } $structure->bodystructure ] );
        my $envelope = done( $client->get_envelope(2) );
        say_seen( [ $envelope->subject, $envelope->from_addresses ] );
        say_seen( length done( $client->message_string(2) ) );
        say_seen( $client->size(2) );
        say_seen( encode_base64( done( $client->bodypart_string( 2, 2 ) ), '' ) );
        say_seen( $client->internaldate(1) );
    },

    looking => sub {
        say_seen( [ $client->search( 'SUBJECT', 'deux' ) ] );
        say_seen( [ $client->search( 'CHARSET', 'UTF-8', 'SUBJECT', "\xc3\xa9t\xc3\xa9" ) ] );
        say_seen( [ $client->search( 'CHARSET', 'ISO-8859-1', 'SUBJECT', "\xe9t\xe9" ) ] );
        say_seen( $client->LastError );
        say_seen( [ $client->sort( 'REVERSE DATE', 'UTF-8', 'ALL' ) ] );
        say_seen( $client->thread );
        say_seen( [ $client->since( 1767225600 ) ] );
        say_seen( [ $client->seen ] );
        say_seen( [ $client->unseen ] );
        say_seen( [ $client->recent ] );
        say_seen( [ $client->search('OR SUBJECT un SUBJECT deux') ] );
    },

    moving => sub {
        say_seen( done( $client->create('Dossiers/2026') ) ? 1 : 0 );
        say_seen( done( $client->copy( 'Dossiers/2026', 1, 2 ) ) );
        say_seen( done( $client->move( 'Dossiers/2026', 3 ) ) );
        say_seen( [ $client->messages ] );
        say_seen( done( $client->store( '1', '+FLAGS', '(\\Flagged $Forwarded)' ) ) ? 1 : 0 );
        say_seen( done( $client->mark(2) ) ? 1 : 0 );
        say_seen( scalar $client->flags( [ 1, 2 ] ) );
        say_seen( $client->delete_message(1) );
        say_seen( $client->restore_message(1) );
        say_seen( $client->delete_message( 1, 2 ) );
        say_seen( done( $client->uidexpunge(1) ) ? 1 : 0 );
        say_seen( done( scalar $client->expunge ) ? 1 : 0 );
        say_seen( $client->message_count('Dossiers/2026') );
        say_seen( done( $client->rename( 'Dossiers/2026', 'Dossiers/Passé' ) ) ? 1 : 0 );
        say_seen( done( $client->subscribe('Dossiers') ) ? 1 : 0 );
        say_seen( done( $client->unsubscribe('Dossiers') ) ? 1 : 0 );
        say_seen( [ done( $client->status( 'Dossiers', 'UIDVALIDITY', 'UNSEEN' ) ) ] );
        say_seen( done( $client->examine('Dossiers') ) ? 1 : 0 );
        say_seen( done( $client->close ) ? 1 : 0 );
        say_seen( done( $client->delete('Dossiers') ) ? 1 : 0 );
    },

    rights => sub {
        say_seen( $client->getacl('INBOX') );
        say_seen( $client->myrights('INBOX') );
        say_seen( $client->listrights( 'INBOX', 'sophie.petit' ) );
        say_seen( $client->setacl( 'INBOX', 'hugo.bernard', 'lrs' ) );
        say_seen( $client->deleteacl( 'INBOX', 'hugo.bernard' ) );
        my ($root) = map { /^\* QUOTAROOT "INBOX" (\S+)/ ? $1 : () } @{ done( scalar $client->getquotaroot('INBOX') ) };
        say_seen( [ $root, done( $client->quota($root) ), done( $client->quota_usage($root) ) ] );
    },

    wait => sub {
        done( $client->select('INBOX') );
        my $tag = done( $client->idle );
        say_seen('idling');
        my @told;
        push @told, @{ done( scalar $client->idle_data(20) ) } until grep { /EXISTS/ } @told;
        say_seen( \@told );
        done( scalar $client->done($tag) );
        say_seen( $client->subject( ( $client->messages )[-1] ) );
    },
);

connected( $story->{options} );
$parts{$_}->() for @{ $story->{parts} };
$client->logout;
