"""Java reads the truststore of the ready file as one: an entry that it trusts, and no password or format to guess."""

from pathlib import Path

import httpx
import pytest

from tests.conftest import StartSimulator
from tests.strangers.telling import HERE, told

_JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


async def test_java_trusts_what_stands_in_the_truststore(start: StartSimulator, tmp_path: Path) -> None:
    async with start(https_port=0) as simulator:
        ready = simulator.ready()
        written, fetched = Path(ready["truststore"]["file"]), tmp_path / "truststore.p12"
        async with httpx.AsyncClient(base_url=ready["http"]) as client:
            fetched.write_bytes((await client.get("/truststore.p12")).content)
        asked = (str(HERE / "java" / "Trusting.java"), ready["https"].replace("127.0.0.1", "localhost") + "/readyz")
        for file in (written, fetched):
            listed = await told("keytool", "-list", "-keystore", str(file), "-storepass", ready["truststore"]["password"])
            assert [line.split(",")[0] for line in listed if line.endswith("trustedCertEntry, ")] == ["mss-sim"], listed
        trusting = (f"-Djavax.net.ssl.trustStore={fetched}", f"-Djavax.net.ssl.trustStorePassword={ready['truststore']['password']}")
        assert await told(*_JAVA, *trusting, *asked) == ["200"]
        with pytest.raises(AssertionError, match="unable to find valid certification path"):
            await told(*_JAVA, *asked)
