"""What the control plane switches of Pro Santé Connect, until the world begins anew."""

from dataclasses import dataclass


@dataclass(slots=True)
class Switches:
    """Log-in without a page, and how many of the next requests fail."""

    auto_approve: bool
    outages: int = 0

    def turn(self, *, auto_approve: bool | None = None, outages: int | None = None) -> None:
        """Turn switches; None leaves one as it is."""
        if auto_approve is not None:
            self.auto_approve = auto_approve
        if outages is not None:
            self.outages = outages
