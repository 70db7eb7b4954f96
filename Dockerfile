# The simulator in a container: docker build -t mss-sim . && docker run --rm -p 127.0.0.1:8080:8080 mss-sim
#
# From outside of the container nobody comes from a loopback address, so the control plane (/control) wants a key in X-Control-Key: the one of
# -e MSS_SIM_CONTROL_KEY=..., else one that is drawn, printed at the start and kept in /data. Other settings are variables MSS_SIM_<NAME> too,
# among them MSS_SIM_DATABASE_URL for a PostgreSQL database instead of the file in /data, and MSS_SIM_CERTIFICATE_HOSTS for the names by which
# other containers know this one. The guide is docs/guide/docker.md.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
# The pins come before the sources, so that a change of code does not install everything again.
COPY requirements/ requirements/
RUN python -m venv /build && /build/bin/pip install --require-hashes -r requirements/build.txt
RUN python -m venv /app && /app/bin/pip install --require-hashes -r requirements/postgresql.txt
COPY pyproject.toml README.md LICENSE ./
COPY alembic/ alembic/
COPY mss_sim/ mss_sim/
RUN /build/bin/python -m build --wheel --no-isolation \
    && /app/bin/pip install --no-deps dist/*.whl \
    && /app/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim
# A fixed number, so that whoever mounts a folder of the host on /data knows whom to give it to.
RUN groupadd --gid 10001 mss-sim \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin mss-sim \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=build /app /app
# Nothing is written outside of /data and /tmp: the root file system may be read-only. Variables, so that `docker exec` finds the ready file in
# /data too, and --memory goes beside them.
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    MSS_SIM_HOST=0.0.0.0 MSS_SIM_DATA_DIR=/data MSS_SIM_CONTROL_KEY_DRAWN=true
USER 10001:10001
WORKDIR /data
VOLUME /data
# SMTP submission, SMTP between operators, IMAP, REST with the control plane.
EXPOSE 1587 1025 1143 8080
HEALTHCHECK --interval=10s --timeout=10s --start-period=15s --retries=3 CMD ["mss-sim", "health"]
ENTRYPOINT ["mss-sim", "run"]
