"""A certificate authority of our own, for loopback."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificates:
    """Files in PEM: two authorities, what a server shows and what a client does, by the first."""

    ca: Path
    other_ca: Path
    server: Path
    client: Path


def make(directory: Path) -> Certificates:
    import trustme

    ca, other = trustme.CA(), trustme.CA()
    made = Certificates(*(directory / f"{n}.pem" for n in ("ca", "other", "server", "client")))
    ca.cert_pem.write_to_path(made.ca)
    other.cert_pem.write_to_path(made.other_ca)
    ca.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(made.server)
    ca.issue_cert("nursery").private_key_and_cert_chain_pem.write_to_path(made.client)
    return made
