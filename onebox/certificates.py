"""Certificates for development: an authority of this home's own, and one name for its listeners.

They are made once, for this machine's loopback alone. An installation brings its own by the
settings.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from onebox.credentials import write_private
from onebox.places import HOST, Home

LASTS = timedelta(days=3650)


def ensure(home: Home) -> None:
    """Make missing files; the authority's own key is thrown away."""
    if home.tls_key.is_file():
        return
    home.tls.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority, key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    issuer = _named("casebus development authority")
    root = _certificate(issuer, issuer, authority.public_key(), ca=True).sign(
        authority, hashes.SHA256()
    )
    names = x509.SubjectAlternativeName(
        [x509.IPAddress(ip_address(HOST)), x509.DNSName("localhost")]
    )
    ours = (
        _certificate(_named("localhost"), issuer, key.public_key(), ca=False)
        .add_extension(names, critical=False)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        .sign(authority, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(home.tls_ca, root)
    _write(home.tls_certificate, ours)
    # Kafka wants both in one file.
    write_private(home.tls_keystore, pem + ours.public_bytes(serialization.Encoding.PEM))
    write_private(home.tls_key, pem)


def _certificate(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
