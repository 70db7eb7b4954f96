"""What a client trusts: the root of the authority, for everybody, without a key, under any name of the simulator.

A client in another container has no file of the data folder, and fetches it here before it speaks TLS.
"""

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from mss_sim.http import examples
from mss_sim.http.answers import octets
from mss_sim.http.dependencies import CurrentCore

router = APIRouter(default_response_class=Response, tags=["certificates and revocation"])
_PEM, _PKCS12 = "application/x-pem-file", "application/x-pkcs12"


@router.get("/ca.pem", responses={200: octets(_PEM, example=examples.CERTIFICATE)})
async def download_root(core: CurrentCore) -> Response:
    """The root of the simulator's authority, PEM: trust it in the client under test, nowhere else."""
    return FileResponse(core.authorities.ca_file, media_type=_PEM, filename="mss-sim-ca.pem")


@router.get("/truststore.p12", responses={200: octets(_PKCS12, example=examples.DER)})
async def download_truststore(core: CurrentCore) -> Response:
    """The same for Java, PKCS #12; its password is `changeit`."""
    return FileResponse(core.authorities.truststore_file, media_type=_PKCS12, filename="mss-sim-truststore.p12")
