"""Where the endpoints of the provider are."""

from dataclasses import dataclass

from mss_sim.core.assembly import Core
from mss_sim.vocabulary.psc import PSC_REALM

PROTOCOL = f"{PSC_REALM}/protocol/openid-connect"


@dataclass(frozen=True, slots=True)
class Urls:
    """The addresses of one provider."""

    issuer: str
    wallet: str
    mtls: str | None

    @classmethod
    def of(cls, core: Core) -> "Urls":
        """Those of a world."""
        issuer, settings = core.provider.issuer, core.world.settings
        wallet, mtls = settings.psc.wallet_url or issuer.removesuffix(PSC_REALM), settings.psc.mtls_url or core.provider.mtls_url
        return cls(issuer, wallet, mtls)

    @property
    def base(self) -> str:
        """Scheme and host of the issuer."""
        return self.issuer.removesuffix(PSC_REALM)

    @property
    def authorize(self) -> str:
        """The authorization endpoint, which is not below the issuer."""
        return f"{self.wallet}/auth"

    def endpoint(self, name: str) -> str:
        """An endpoint below the issuer."""
        return f"{self.base}{PROTOCOL}/{name}"
