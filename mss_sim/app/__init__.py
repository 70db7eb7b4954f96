"""The composition root: the only package that knows every door.

    simulator          one world with all its ports: started, stopped, described (`ready()`)
    data_folder        made, locked, begun with a snapshot, its database brought up to date
    open_files         as many as the system lets the process have
    listeners          DNS and LDAP where a world has them; how sockets are closed
    http_on_demand     HTTP loaded at its first connection
    http_doors         what loads every HTTP front end, and puts them behind listeners
    http_application   the HTTP front ends put together; interactive documentation from files that ship
    ready_file         what a client needs to know, as a file that is there as long as the simulator is ready
    greeting, asking   what the command line prints of a simulator, and how it asks a running one
    moving             the clock of a running one, shown and moved by the command line
    world_time, faults the same, and what fails, for a test suite in the same process
    population         fictional patients for it
    snapshots          snapshots for it

A `Simulator` is one world. Starting is one sequence: ports are bound, the store is opened and
migrated, authorities and keys are found or made, the seed is planted, doors open, the queue runs, the
ready file is written.
Stopping is the same backwards: no new connections, open ones are let go, what is being stored is
finished, temporary folders vanish.

Imports stand at the head of a file, but for three kinds, each in a function that says why: what only
some worlds need (`dns`, `ldap`, alembic), what only some commands need (rich), and the HTTP front ends, which
are loaded at the first connection (`http_on_demand`, ADR 0017). So `simulator` imports no module that
loads the web framework; tests/house/test_start.py names what a start must not load.

The data folder is taken first, so that a second process is told whose it is. Ports are bound before
certificates are made, because certificates tell where the authority publishes. What is known late,
such as the number of a free port, is handed over once.

Here, and nowhere else, a door meets what it needs: the core gets its transport from `smtp/outbound`,
a trap gets another TLS context, the HTTP application gets the routers of every HTTP front end. No
front end imports another; they meet in this package.

    from mss_sim.app.simulator import Simulator
    from mss_sim.config.settings import Settings

    async with Simulator(Settings(http_port=0), seed="cabinet") as simulator:
        print(simulator.ready()["http"])

What cannot start says so in one line, with what to do: a port that is taken, a folder that another
simulator holds, a database that is too new.

Liberties taken: HTTP and HTTPS serve the same application; one certificate serves all ports.
"""
