"""What a user's test suite imports, and the story that `make demo` plays.

    plugin      a pytest plugin: ask for the fixture `world`, a world of the test's own, for `async_world`, or for `mss`
    options     what an ini file may set of it
    handle      RunningSimulator: a world in a thread, for code that is not asynchronous; further worlds
    asynchronous  the same for code that awaits
    attached    a world of another process, by its ready file, for code that awaits
    persons     the people of a world, with clients that are logged in: SMTP, IMAP, REST, tokens, Pro Santé Connect
    controls    its time, and what fails in it
    waiting     what may be waited for, and what is told when it does not come
    playing     scenarios, to their end
    documents, results    the types of all that: JSON as REST answers it, and what handles answer
    asking, logging_in    how a world is asked, and how somebody logs in as a browser does
    evidence    what a failed test is shown of its world
    builders    documents to send: an IHE_XDM archive of a fictional patient, letters with documents, right or broken
    demo, demo_clients    the main story over real sockets, each step with what the wire said; its clients
    introduction  makes two simulators operators of one trust space

A test suite in Python needs three lines:

    def test_my_client(world):
        my_client.send(world.ready["http"], world.doctor.login, world.doctor.password)
        world.wait("message", mailbox=world.patient.address, subject="Votre bilan")

Any other language starts `mss-sim run --memory --ready-file ready.json` with every port 0, waits for the file, and reads
the same content from it. The file appears when every port accepts and goes when the simulator stops.

The plugin imports nothing of the simulator until a fixture is asked for, or an option is set. `mss` lives as long as the
test session; `world` is made for each test, with a snapshot of the seed, in less than a tenth of a second, and ends with
it. Whatever is asked of a world is done by coroutines in the thread of the simulator: the handles of both kinds wait for
the same ones, each in its own way.

This package opens on `app` only: what it can do, any client can do through the ports. Nothing here reaches into the core,
and import-linter checks it, so that the simulator's own tests and those of its users stand on the same ground.
"""
