"""What a user's test suite imports, and the story that `make demo` plays.

    plugin      a pytest plugin: ask for the fixture `world`, a world of the test's own, or for `mss`
    handle      RunningSimulator: a world in a thread, for code that is not asynchronous; further worlds
    persons     a persona with clients that are logged in: SMTP, IMAP, REST, a token
    builders    documents to send: a small IHE_XDM archive of a fictional patient
    demo        the main story over real sockets, each step with what the wire said
    demo_clients  its clients, and how it tells what they do
    introduction  makes two simulators operators of one trust space

A test suite in Python needs three lines:

    def test_my_client(world):
        secretary = world.person("secretary")
        my_client.read(world.ready["http"], secretary.login, secretary.password)

Any other language starts `mss-sim run --memory --ready-file ready.json` with every port 0,
waits for the file, and reads the same content from it: ports, certificate, personas with
their logins, mailboxes and rights. The file appears when every port accepts and goes when the
simulator stops.

The plugin imports nothing of the simulator until a fixture is asked for. `mss` lives as long as
the test session; `world` is made for each test, with a snapshot of the seed, in less than a tenth
of a second, and ends with it.

This package opens on `app` only: what it can do, any client can do through the ports. Nothing
here reaches into the core, and import-linter checks it, so that the simulator's own tests and
those of its users stand on the same ground.
"""
