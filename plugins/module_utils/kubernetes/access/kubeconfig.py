"""Which cluster is meant, as whom: what kubectl would answer, from the same files.

The rules are those of client-go (``tools/clientcmd``: ``loader.go``, ``client_config.go``, ``validation.go``), and the
tests hold this file to the real kubectl. Where kubectl would go on with less than the file says (a user that is not
there, all files of ``$KUBECONFIG`` missing), this refuses. The Python client answers otherwise: of two files that name
the same thing its last one wins (kubernetes-client/python#2180), ``as`` is ignored, and in a pod ``$KUBECONFIG`` is.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...model.errors import ConfigError

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}
_SHAPE = "clusters, contexts and users must be lists of named entries"
_EXEC_EXTENSION = "client.authentication.k8s.io/exec"
_NUMBER = re.compile(
    r"^[-+]?(?:0x[0-9a-fA-F_]+|0b[01_]+|0o[0-7_]+|(?=.*\d)[\d_]*\.?[\d_]+(?:[eE][-+]?\d+)?|\.(?:inf|Inf|INF|nan|NaN|NAN))$"
)


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """What the user says about it; the rest is found as kubectl finds it.

    Without ``kubeconfig`` the files of ``$KUBECONFIG`` count, without these ``~/.kube/config``, and in a pod that has
    none of them its service account. Without ``context`` the files' current one counts. ``insecure`` accepts what
    shows the credentials to whoever is on the way: a server whose certificate nobody checks, or one without TLS.
    ``cure`` says, in the sentence that refuses it, what else could be done.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    insecure: bool = False
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate, a CA or a key: in a file, or its content."""

    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)

    def read(self) -> bytes:
        """Return the content.

        Raises:
            OSError: the file cannot be read.
        """
        if self.data is not None:
            return self.data
        return b"" if self.path is None else self.path.read_bytes()

    def __str__(self) -> str:
        return "its data" if self.path is None else str(self.path)


@dataclass(frozen=True, slots=True)
class Plugin:
    """A program that brings credentials (KEP-541)."""

    version: str
    command: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    interactive: str
    cluster_info: bool
    config: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Impersonation:
    """As whom the user acts."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class User:
    """The ways in which a request proves who sends it; secrets are never shown."""

    name: str = ""
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    certificate: Pem | None = None
    key: Pem | None = None
    plugin: Plugin | None = None
    impersonation: Impersonation | None = None

    @property
    def proves_itself(self) -> bool:
        """Whether something would be shown to the server that others must not see."""
        return bool(self.token or self.token_file or self.username or self.password or self.certificate or self.plugin)


@dataclass(frozen=True, slots=True)
class Chosen:
    """One cluster and one identity there. ``named`` is where that is written, for sentences."""

    named: str
    context: str
    namespace: str
    server: str
    ca: Pem | None = None
    unchecked: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    proxy_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: User = field(default_factory=User)

    def __str__(self) -> str:
        """Return what a person is told before something is written."""
        through = f" through {self.proxy_url.rpartition('@')[2]}" if self.proxy_url else ""
        acting = f", acting as {self.user.impersonation.user}" if self.user.impersonation else ""
        of = f"context {self.context}" if self.context else "the cluster of this pod"
        return f"{of} at {self.server}{through}{acting} ({self.named})"


def choose(access: ClusterAccess) -> Chosen:
    """Return what ``access`` means. Reads the kubeconfigs only, no secret that they name.

    Raises:
        ConfigError: there is no file, it is no kubeconfig, or the context leads nowhere.
    """
    if access.kubeconfig is not None:
        return choose_of(find([access.kubeconfig.expanduser()]), access.context)
    paths, listed = usual_paths()
    if not any(path.exists() for path in paths):
        if not listed and in_pod():
            if access.context is not None:
                raise ConfigError(f"there is no context {access.context!r}: this pod has no kubeconfig")
            return of_pod()
        raise ConfigError(f"there is no kubeconfig at {os.pathsep.join(map(str, paths))}")
    return choose_of(find(paths), access.context)


def usual_paths() -> tuple[list[Path], bool]:
    """Return where kubectl looks if nobody says where, and whether ``$KUBECONFIG`` says it; a ``~`` in it is a name."""
    listed = os.environ.get("KUBECONFIG", "")
    if not listed:
        return [Path("~/.kube/config").expanduser()], False
    return [Path(path) for path in dict.fromkeys(listed.split(os.pathsep)) if path], True


def in_pod() -> bool:
    """Return whether this process has a pod's service account."""
    known = os.environ.get("KUBERNETES_SERVICE_HOST") and os.environ.get("KUBERNETES_SERVICE_PORT")
    return bool(known) and (_SERVICE_ACCOUNT / "token").is_file()


def of_pod() -> Chosen:
    """Return the cluster of this pod, as its service account.

    Raises:
        ConfigError: this is no pod with a service account.
    """
    if not in_pod():
        raise ConfigError(f"this is no pod with a service account in {_SERVICE_ACCOUNT}: give a kubeconfig instead")
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    try:
        namespace = (_SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except OSError:
        namespace = ""
    return Chosen(
        f"the service account in {_SERVICE_ACCOUNT}",
        context="",
        namespace=namespace or "default",
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        ca=Pem(_SERVICE_ACCOUNT / "ca.crt"),
        user=User(token_file=_SERVICE_ACCOUNT / "token"),
    )


@dataclass(frozen=True, slots=True)
class Merged:
    """Several kubeconfigs as one: ``entries`` by section and name, each with the folder of the file that holds it."""

    named: str
    entries: Mapping[str, Mapping[str, tuple[Mapping[str, Any], Path]]]
    current: str


def find(paths: list[Path]) -> Merged:
    """Read the files that are there; the first one to name something wins.

    Raises:
        ConfigError: none is there, or one of them is no kubeconfig.
    """
    named = f"the kubeconfig {os.pathsep.join(map(str, paths))}"
    found = [(path.absolute().parent, str(path), content) for path in paths if (content := _read(path)) is not None]
    if not found:
        raise ConfigError(f"there is no kubeconfig at {os.pathsep.join(map(str, paths))}")
    return merge(named, found)


def merge(named: str, contents: list[tuple[Path, str, object]]) -> Merged:
    """Return the documents as one, each with the folder that its relative paths start in and its name.

    Raises:
        ConfigError: one of them is no kubeconfig.
    """
    entries: dict[str, dict[str, tuple[Mapping[str, Any], Path]]] = {section: {} for section in _SECTIONS}
    current = ""
    for folder, name, content in contents:
        document = _document(content, name)
        for section, kind in _SECTIONS.items():
            for entry_name, entry in _named_entries(document, section, kind, name):
                entries[section].setdefault(entry_name, (entry, folder))
        current = current or _text(document, "current-context", name)
    return Merged(named, entries, current)


def _read(path: Path) -> object | None:
    """Return the document in a file, or ``None`` where there is no such file."""
    import yaml  # noqa: PLC0415 - Ansible checks a module's imports without the packages it needs

    try:
        return _parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"cannot read the kubeconfig {path}: {reason}") from error
    except yaml.YAMLError as error:
        # Not the parser's own words: they quote the line, which may hold a token.
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise ConfigError(f"the kubeconfig {path} is not YAML{where}") from None


def _parse(text: str) -> object:
    """Return a YAML document as kubectl reads it: a date and ``1:30`` are text."""
    import yaml  # noqa: PLC0415

    class Loader(yaml.SafeLoader):
        """PyYAML's, with the numbers of JSON and Go and without dates."""

    kept = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag in kept]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("!number", _NUMBER, list("-+.0123456789"))
    Loader.add_constructor("!number", lambda _loader, node: _Number(node.value))
    document = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    return {} if document is None else document


@dataclass(frozen=True, slots=True)
class _Number:
    """A number where a text may be wanted: kubectl refuses ``token: 123``, and so does this."""

    text: str = field(repr=False)


def _document(content: object, name: str) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise ConfigError(f"{name} is not a kubeconfig: {_SHAPE}")
    version, kind = _text(content, "apiVersion", name), _text(content, "kind", name)
    if version not in {"", "v1"} or kind not in {"", "Config"}:
        raise ConfigError(f"{name} is not a kubeconfig: it is a {kind} of {version}, expected a Config of v1")
    return content


def _named_entries(document: Mapping[str, Any], section: str, kind: str, name: str) -> Iterator[tuple[str, Any]]:
    listed = document.get(section)
    if listed is None:
        return
    if not isinstance(listed, list):
        raise ConfigError(f"{name} is not a kubeconfig: {_SHAPE}")
    seen = set()
    for entry in listed:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise ConfigError(f"{name} is not a kubeconfig: {_SHAPE}")
        content = {} if entry.get(kind) is None else entry[kind]
        if not isinstance(content, dict):
            raise ConfigError(f"{name} is not a kubeconfig: {_SHAPE}")
        if entry["name"] in seen:
            raise ConfigError(f"{name} has two entries {entry['name']!r} in {section}: name each once")
        seen.add(entry["name"])
        yield entry["name"], content


def choose_of(merged: Merged, context: str | None) -> Chosen:
    """Return the named context, or the current one.

    Raises:
        ConfigError: it leads nowhere, or contradicts itself.
    """
    wanted = context or merged.current
    if not wanted:
        raise ConfigError(f"{merged.named} has no current context: name one of {_names(merged, 'contexts')}")
    entry, _folder = _entry(merged, "contexts", wanted)
    where = f"the context {wanted!r} in {merged.named}"
    cluster_name, user_name = _text(entry, "cluster", where), _text(entry, "user", where)
    cluster, folder = _entry(merged, "clusters", cluster_name or None)
    user, user_folder = _entry(merged, "users", user_name) if user_name else ({}, Path())
    return _Reader(f"the cluster {cluster_name!r} in {merged.named}", cluster, folder).chosen(
        named=merged.named,
        context=wanted,
        namespace=_text(entry, "namespace", where) or "default",
        user=_user(user_name, _Reader(f"the user {user_name!r} in {merged.named}", user, user_folder), cluster),
    )


def _entry(merged: Merged, section: str, name: str | None) -> tuple[Mapping[str, Any], Path]:
    if name is not None and name in merged.entries[section]:
        return merged.entries[section][name]
    raise ConfigError(f"{merged.named} has no {_SECTIONS[section]} {name!r}: it has {_names(merged, section)}")


def _names(merged: Merged, section: str) -> str:
    return ", ".join(map(repr, merged.entries[section])) or "none"


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {key} must be a text in quotes")  # what it is may be secret
    return value


class _Reader:
    """Reads the fields of one entry, and says where it is."""

    def __init__(self, where: str, entry: Mapping[str, Any], folder: Path) -> None:
        self.where = where
        self._entry = entry
        self._folder = folder

    @property
    def given(self) -> bool:
        return bool(self._entry)

    def text(self, key: str) -> str:
        return _text(self._entry, key, self.where)

    def flag(self, key: str) -> bool:
        value = self._entry.get(key)
        if value is not None and not isinstance(value, bool):
            raise ConfigError(f"{self.where}: {key} must be true or false")
        return bool(value)

    def path(self, key: str) -> Path | None:
        """Return a file's path: a relative one starts at the folder of the kubeconfig that holds it."""
        text = self.text(key)
        return self._folder / text if text else None

    def pem(self, key: str) -> Pem | None:
        path, data = self.path(key), self._data(f"{key}-data")
        if path is not None and data is not None:
            raise ConfigError(f"{self.where} has both {key} and {key}-data: keep one of them")
        return None if path is None and data is None else Pem(path, data)

    def _data(self, key: str) -> bytes | None:
        text = self.text(key)
        try:
            return base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True) or None
        except binascii.Error as error:
            raise ConfigError(f"{self.where}: {key} is not base64") from error

    def entries(self, key: str) -> list[Any]:
        value = self._entry.get(key)
        if value is not None and not isinstance(value, list):
            raise ConfigError(f"{self.where}: {key} must be a list")
        return value or []

    def texts(self, key: str) -> tuple[str, ...]:
        return _texts(self._entry.get(key), f"{self.where}: {key}")

    def mapping(self, key: str) -> dict[str, Any]:
        value = self._entry.get(key)
        if value is not None and not isinstance(value, dict):
            raise ConfigError(f"{self.where}: {key} must be a mapping")
        return value or {}

    def inner(self, key: str) -> _Reader:
        return _Reader(f"{self.where}: {key}", self.mapping(key), self._folder)

    def command(self) -> str:
        """Return a program: one with a slash is a path, any other is found in ``$PATH``."""
        text = self.text("command")
        return str(self._folder / text) if os.sep in text else text

    def chosen(self, *, named: str, context: str, namespace: str, user: User) -> Chosen:
        server, proxy = self.text("server"), self.text("proxy-url")
        check_server(server, self.where)
        if proxy and not proxy.startswith(("http://", "https://", "socks5://")):
            raise ConfigError(f"{self.where}: proxy-url must begin with http://, https:// or socks5://")
        ca, unchecked = self.pem("certificate-authority"), self.flag("insecure-skip-tls-verify")
        if ca is not None and unchecked:
            raise ConfigError(f"{self.where} has a CA and insecure-skip-tls-verify: keep the CA")
        return Chosen(named, context, namespace, server, ca, unchecked, self.text("tls-server-name"), proxy, user=user)


def check_server(server: str, where: str) -> None:
    """Refuse what is no address of an API server.

    Raises:
        ConfigError: it is none.
    """
    try:
        parts = urlsplit(server)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not server.isascii() or not server.isprintable() or any(char in server for char in " @?#"):
        raise ConfigError(f"{where} needs the address of a server, such as https://HOST:6443")


def _user(name: str, read: _Reader, cluster: Mapping[str, Any]) -> User:
    if provider := read.mapping("auth-provider"):
        called = provider.get("name")
        raise ConfigError(f"{read.where} has the auth-provider {called!r}, which is not supported: use exec or a token")
    certificate = read.pem("client-certificate")
    key = None if certificate is None else read.pem("client-key")
    if certificate is not None and key is None:
        raise ConfigError(f"{read.where} has a client-certificate without a client-key: add it")
    token, username, password = read.text("token"), read.text("username"), read.text("password")
    token_file = read.path("tokenFile")
    if (token or token_file) and (username or password):
        raise ConfigError(f"{read.where} has a token and a password: keep one of them")
    return User(
        name,
        token,
        token_file,
        username,
        password,
        certificate,
        key,
        _plugin(read.inner("exec"), cluster),
        _impersonation(read),
    )


def _impersonation(read: _Reader) -> Impersonation | None:
    user, uid, groups = read.text("as"), read.text("as-uid"), read.texts("as-groups")
    said = read.mapping("as-user-extra")
    extra = {str(key): _texts(values, f"{read.where}: as-user-extra") for key, values in said.items()}
    if user:
        return Impersonation(user, uid, groups, extra)
    if uid or groups or extra:
        raise ConfigError(f"{read.where} names groups, a uid or extra fields to act with, but not as whom: add as")
    return None


def _texts(value: object, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ConfigError(f"{where} must be a list of texts")
    return tuple(value)


def _plugin(read: _Reader, cluster: Mapping[str, Any]) -> Plugin | None:
    if not read.given:
        return None
    version, mode = read.text("apiVersion"), read.text("interactiveMode")
    if version not in {"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"}:
        raise ConfigError(f"{read.where}: apiVersion must be client.authentication.k8s.io/v1")
    if version.endswith("beta1"):
        mode = mode or "IfAvailable"
    if mode not in {"Never", "IfAvailable", "Always"}:
        raise ConfigError(f"{read.where}: interactiveMode must be Never, IfAvailable or Always")
    if not read.text("command"):
        raise ConfigError(f"{read.where} names no command")
    return Plugin(
        version,
        read.command(),
        read.texts("args"),
        dict(_environment(read)),
        mode,
        read.flag("provideClusterInfo"),
        _exec_config(cluster),
    )


def _environment(read: _Reader) -> Iterator[tuple[str, str]]:
    for number, pair in enumerate(read.entries("env"), 1):
        if not isinstance(pair, dict) or not isinstance(pair.get("name"), str) or not pair["name"]:
            raise ConfigError(f"{read.where}: entry {number} of env needs a name")
        yield pair["name"], _text(pair, "value", f"{read.where}: env {pair['name']}")


def _exec_config(cluster: Mapping[str, Any]) -> Any:
    """Return what the cluster's entry says to the plugin, as it is."""
    for extension in cluster.get("extensions") or []:
        if isinstance(extension, dict) and extension.get("name") == _EXEC_EXTENSION:
            return _plain(extension.get("extension"))
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, _Number):
        return float(value.text) if "." in value.text else int(value.text, 0)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
