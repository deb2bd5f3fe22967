"""Throw-away certificates, made by openssl's command line."""

import pathlib
import ssl
import subprocess


class Authority:
    """A certificate authority, made anew: nobody knows it who was not given its `file`."""

    def __init__(self, directory, name):
        self.directory = pathlib.Path(directory)
        self.name = name
        self.file = self.directory / f"{name}.pem"
        self._key = self.directory / f"{name}.key"
        _request(
            self._key,
            self.file,
            f"/CN=Calltrail test {name}",
            "basicConstraints=critical,CA:true",
            "keyUsage=critical,keyCertSign,cRLSign",
        )

    def context(self, *names):
        """What a TLS server of these host names and addresses needs."""
        path = self.directory / f"{self.name}-{names[0]}"
        alternatives = [f"{'IP' if name[0].isdigit() else 'DNS'}:{name}" for name in names]
        _request(
            path.with_suffix(".key"),
            path.with_suffix(".pem"),
            f"/CN={names[0]}",
            "basicConstraints=critical,CA:false",
            "extendedKeyUsage=serverAuth",
            f"subjectAltName={','.join(alternatives)}",
            signer=("-CA", self.file, "-CAkey", self._key),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path.with_suffix(".pem"), path.with_suffix(".key"))
        return context


def _request(key, certificate, subject, *extensions, signer=()):
    """Makes a key and its certificate, valid for two days."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    # an empty configuration: openssl's own would add extensions of its choice, some of them twice
    command += ["-config", "/dev/null", "-days", "2", "-subj", subject, "-keyout", key, "-out", certificate, *signer]
    for extension in extensions:
        command += ["-addext", extension]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
