"""Our client shows the same server the same identity as the real kubectl, from the same files, or nothing at all."""

from __future__ import annotations

import base64
import json
import os
import random
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from control_plane import binaries
from detnet.kubernetes.access.kubeconfig import ClusterAccess, choose
from detnet.model.errors import ConfigError
from kubernetes_client import seen
from kubernetes_client.certificates import self_signed
from kubernetes_client.seen import Seen, World

Entry = dict[str, Any]


@pytest.fixture(scope="module")
def kubectl() -> Path:
    """The real one."""
    try:
        return binaries.find().kubectl
    except binaries.MissingBinariesError as error:
        pytest.skip(str(error))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Two API servers with TLS, one without, and a proxy."""
    for name in ("KUBECONFIG", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    with seen.running(tmp_path, self_signed, {"test": True, "production": True, "plain": False}) as world:
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.chdir(tmp_path)
        yield world


def _b64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _cluster(world: World, name: str = "test", **more: Any) -> Entry:
    entry = {"server": world.urls[name], "certificate-authority-data": _b64(world.ca), **more}
    return {key: value for key, value in entry.items() if value is not None}


def _config(world: World, user: Entry | None = None, cluster: Entry | None = None, **more: Any) -> Entry:
    """A kubeconfig with one context."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster if cluster is not None else _cluster(world)}],
        "users": [{"name": "u", "user": {"token": "t"} if user is None else user}],
        **more,
    }


def _write(path: Path, config: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return path


def _both(  # noqa: PLR0913 - one way to say it each
    world: World,
    kubectl: Path,
    files: str | None,
    context: str | None = None,
    *,
    flag: bool = False,
    insecure: bool = False,
) -> tuple[Seen | None, Seen | None, str]:
    """Return what kubectl and we show, and why we refuse."""
    by_kubectl = world.by_kubectl(kubectl, files, context, flag=flag)
    theirs = world.said
    with pytest.MonkeyPatch.context() as patch:
        if files is not None and not flag:
            patch.setenv("KUBECONFIG", files)
        access = ClusterAccess(Path(files) if flag and files else None, context, insecure)
        by_us = world.by_us(access)
    return by_kubectl, by_us, f"kubectl: {theirs}\nwe: {world.said}"


def _plugin(world: World, status: Entry, name: str = "plugin", **more: Any) -> Entry:
    """A user whose plugin brings ``status`` and writes what it was told into a file beside it."""
    version = "client.authentication.k8s.io/v1"
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    path = world.folder / "bin" / name
    _write(
        path,
        f"#!{sys.executable}\nimport os\nprint({json.dumps(answer)!r})\n"
        f"told = os.environ['KUBERNETES_EXEC_INFO'] + str(os.environ.get('MINE'))\n"
        f"open({str(world.folder / 'told')!r}, 'w').write(told)\n",
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"apiVersion": version, "command": str(path), "interactiveMode": "Never", **more}}


USERS: dict[str, Entry] = {
    "token": {"token": "t"},
    "token and file": {"token": "t", "tokenFile": "token"},
    "token file": {"tokenFile": "token"},
    "token file that is missing": {"tokenFile": "nowhere"},
    "token and a missing file": {"token": "t", "tokenFile": "nowhere"},
    "empty token file": {"tokenFile": "empty"},
    "basic": {"username": "ann", "password": "p:w"},
    "basic and token": {"username": "ann", "password": "p", "token": "t"},
    "as": {"token": "t", "as": "system:serviceaccount:cell-1:nobody"},
    "as with all": {
        "token": "t",
        "as": "ann",
        "as-uid": "7",
        "as-groups": ["b", "a"],
        "as-user-extra": {"example.com/Rôle": ["x", "y"], "plain": ["z"]},
    },
    "groups without as": {"token": "t", "as-groups": ["a"]},
    "uid without as": {"token": "t", "as-uid": "a"},
    "certificate files": {"client-certificate": "client1.pem", "client-key": "client1.pem"},
    "certificate data": {"client-certificate-data": "@client1.pem", "client-key-data": "@client1.pem"},
    "certificate file and data": {
        "client-certificate": "client1.pem",
        "client-certificate-data": "@client1.pem",
        "client-key": "client1.pem",
    },
    "key file and data": {
        "client-certificate": "client1.pem",
        "client-key-data": "@client1.pem",
        "client-key": "client1.pem",
    },
    "certificate without key": {"client-certificate": "client1.pem"},
    "key without certificate": {"token": "t", "client-key": "nowhere"},
    "key of another certificate": {"client-certificate": "client1.pem", "client-key": "client2.pem"},
    "certificate and token": {"client-certificate": "client2.pem", "client-key": "client2.pem", "token": "t"},
    "certificate that is missing": {"client-certificate": "nowhere", "client-key": "client1.pem", "token": "t"},
    "unknown field": {"token": "t", "auth-providers": {"name": "x"}},
    "auth provider": {"auth-provider": {"name": "gcp"}},
    "number as token": {"token": 7},
    "token null": {"token": None, "username": "ann", "password": "p"},
    "data that is not base64": {"token": "t", "client-certificate-data": "?", "client-key-data": "?"},
}


@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
def test_each_kind_of_user_is_the_one_that_kubectl_shows(world: World, kubectl: Path, user: Entry) -> None:
    """Never somebody else, and nobody where kubectl refuses."""
    (world.folder / "token").write_text("from-file\n")
    (world.folder / "empty").write_text("\n")
    user = {
        key: _b64(world.folder / value[1:]) if isinstance(value, str) and value.startswith("@") else value
        for key, value in user.items()
    }
    theirs, ours, why = _both(world, kubectl, str(_write(world.folder / "config", _config(world, user))))
    assert ours == theirs, why


CLUSTERS: dict[str, Entry] = {
    "ca data": {},
    "ca file": {"certificate-authority-data": None, "certificate-authority": "server.pem"},
    "ca file and data": {"certificate-authority": "server.pem"},
    "ca that is missing": {"certificate-authority-data": None, "certificate-authority": "nowhere"},
    "no ca": {"certificate-authority-data": None},
    "ca of another": {"certificate-authority-data": None, "certificate-authority": "client1.pem"},
    "ca that is none": {"certificate-authority-data": base64.b64encode(b"none").decode()},
    "ca data with line breaks": {"certificate-authority-data": "@wrapped"},
    "unchecked": {"certificate-authority-data": None, "insecure-skip-tls-verify": True},
    "unchecked with ca": {"insecure-skip-tls-verify": True},
    "checked by word": {"insecure-skip-tls-verify": "false"},
    "other server name": {"tls-server-name": "api.example"},
    "own server name": {"tls-server-name": "localhost"},
    "proxy": {"proxy-url": "@proxy"},
    "proxy of another kind": {"proxy-url": "ftp://127.0.0.1:1"},
    "path": {"server": "@path"},
    "no server": {"server": None},
    "empty": {"server": None, "certificate-authority-data": None},
}


@pytest.mark.parametrize("given", CLUSTERS.values(), ids=CLUSTERS)
def test_each_kind_of_cluster_is_the_one_that_kubectl_asks(world: World, kubectl: Path, given: Entry) -> None:
    """By the same name, through the same proxy, and trusted by the same CA."""
    data = _b64(world.ca)
    values = {
        "@proxy": world.proxy,
        "@path": world.urls["production"] + "/k8s/clusters/c-1/",
        "@wrapped": "\n".join(data[at : at + 64] for at in range(0, len(data), 64)),
    }
    given = {key: values.get(value, value) if isinstance(value, str) else value for key, value in given.items()}
    path = _write(world.folder / "config", _config(world, cluster=_cluster(world, **given)))
    theirs, ours, why = _both(world, kubectl, str(path), insecure=True)
    assert ours == theirs, why


def _two(world: World) -> tuple[Entry, Entry]:
    test, production = (
        _config(world, {"token": "test"}),
        _config(world, {"token": "production"}, _cluster(world, "production")),
    )
    return test, production


def test_of_two_files_the_first_names_the_cluster(world: World, kubectl: Path) -> None:
    """The Python client lets the last one win, and so did we: it went to production (kubernetes-client/python#2180)."""
    first, second = (_write(world.folder / name, config) for name, config in zip("ab", _two(world), strict=True))
    for files, server in ((f"{first}:{second}", "test"), (f"{second}:{first}", "production")):
        theirs, ours, why = _both(world, kubectl, files)
        assert ours == theirs, why
        assert ours is not None
        assert (ours.server, dict(ours.headers)["authorization"]) == (server, f"Bearer {server}")


LISTS = [
    "{a}:{b}",
    ":{a}:{b}",
    "{missing}:{b}:{a}",
    "{empty}:{b}",
    "{a}:{a}",
    "{a}:{broken}",
    "{missing}",
    ":",
    "~/a",
    "a:b",
    "./sub/../a",
]


@pytest.mark.parametrize("files", LISTS)
def test_a_list_of_files_is_read_as_kubectl_reads_it(world: World, kubectl: Path, files: str) -> None:
    """Missing and empty ones are skipped, a broken one is not; relative paths start at the working directory."""
    for name, config in zip("ab", _two(world), strict=True):
        _write(world.folder / name, config)
    (world.folder / "sub").mkdir()
    (world.folder / "empty").touch()
    (world.folder / "broken").write_text("a: [")
    names = {name: str(world.folder / name) for name in ("a", "b", "missing", "empty", "broken")}
    theirs, ours, why = _both(world, kubectl, files.format(**names))
    assert ours == theirs, why


def test_an_empty_variable_is_none_and_a_flag_is_one_file(world: World, kubectl: Path) -> None:
    """Then the file in the home directory counts; a named file wins over everything."""
    test, production = _two(world)
    _write(world.folder / "home/.kube/config", test)
    other = _write(world.folder / "other", production)
    for files, flag in ((None, False), ("", False), (str(other), True), (f"{other}:{other}", True)):
        theirs, ours, why = _both(world, kubectl, files, flag=flag)
        assert ours == theirs, why


def test_relative_paths_start_at_the_file_that_holds_them(world: World, kubectl: Path) -> None:
    """Also those of a plugin's command, and also where the entry comes from the second file of a list."""
    user = {**_plugin(world, {"token": "brought"})}
    user["exec"]["command"] = "./bin/plugin"
    (world.folder / "deep/bin").mkdir(parents=True)
    (world.folder / "bin/plugin").rename(world.folder / "deep/bin/plugin")
    (world.folder / "deep/ca.pem").write_bytes(world.ca.read_bytes())
    users = _write(world.folder / "deep/users", {"users": [{"name": "u", "user": user}]})
    cluster = _cluster(world, **{"certificate-authority-data": None, "certificate-authority": "ca.pem"})
    clusters = _write(world.folder / "deep/clusters", {"clusters": [{"name": "c", "cluster": cluster}]})
    context = {"cluster": "c", "user": "u", "namespace": "cell-1"}
    contexts = _write(
        world.folder / "contexts", {"contexts": [{"name": "here", "context": context}], "current-context": "here"}
    )
    theirs, ours, why = _both(world, kubectl, f"{contexts}:{users}:{clusters}")
    assert ours == theirs, why
    assert ours is not None
    assert ours.headers == (("authorization", "Bearer brought"),)


@pytest.mark.parametrize("also", [{}, {"token": "t"}, {"username": "u", "password": "p"}, {"as": "ann"}], ids=str)
@pytest.mark.parametrize("brings", ["token", "certificate"])
def test_a_plugins_credentials_count_where_nothing_else_does(
    world: World, kubectl: Path, brings: str, also: Entry
) -> None:
    """It is told the same of the cluster, and its own environment."""
    pem = (world.folder / "client2.pem").read_text()
    status = {"token": "brought"} if brings == "token" else {"clientCertificateData": pem, "clientKeyData": pem}
    user = _plugin(world, status, provideClusterInfo=True, env=[{"name": "MINE", "value": "7"}])
    config = _config(world, {**user, **also})
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a", "depth": 3, "on": True}}
    config["clusters"][0]["cluster"]["extensions"] = [extension]
    path = str(_write(world.folder / "config", config))
    told = world.folder / "told"
    theirs = world.by_kubectl(kubectl, path, None, flag=False)
    theirs_told = told.read_text() if told.exists() else None
    told.unlink(missing_ok=True)
    ours = world.by_us(ClusterAccess(Path(path)))
    assert ours == theirs, world.said
    assert (told.exists()) == (theirs_told is not None)
    if theirs_told is not None:
        mine, reference = (json.loads(text.removesuffix("7")) for text in (told.read_text(), theirs_told))
        assert mine == reference


BROKEN = {
    "two of a name": "users: [{{name: u, user: {{token: a}}}}, {{name: u, user: {{token: b}}}}]",
    "a number for a name": "users: [{{name: 7, user: {{token: a}}}}]",
    "a date for a name": (
        "users: [{{name: 2026-01-01, user: {{token: a}}}}]\n"
        "contexts: [{{name: here, context: {{cluster: c, user: 2026-01-01}}}}]"
    ),
    "a time for a token": "users: [{{name: u, user: {{token: 1:30}}}}]",
    "a number for a token": "users: [{{name: u, user: {{token: 0x1f}}}}]",
    "digits with an underscore": "users: [{{name: u, user: {{token: 1_000}}}}]",
    "an exponent": "users: [{{name: u, user: {{token: 1e5}}}}]",
    "a yes for a token": "users: [{{name: u, user: {{token: yes}}}}]",
    "another version": "apiVersion: v2",
    "another kind": "kind: Pod",
    "a kind without a version": "kind: Config",
    "a list for users": "users: {{}}",
    "nothing for users": "users:",
    "no context": "current-context: elsewhere",
}


@pytest.mark.parametrize("lines", BROKEN.values(), ids=BROKEN)
def test_what_is_written_oddly_is_read_as_kubectl_reads_it(world: World, kubectl: Path, lines: str) -> None:
    """YAML has more ways to write a text than JSON; ours may refuse more, but never reads another one."""
    config = _config(world, {"token": "t"})
    text = lines.format()
    for section in ("users", "contexts", "current-context", "apiVersion", "kind"):
        if f"{section}:" in text:
            del config[section]
    body = "\n".join(f"{key}: {json.dumps(value)}" for key, value in config.items())
    theirs, ours, why = _both(world, kubectl, str(_write(world.folder / "config", f"{body}\n{text}\n")))
    assert ours in {None, theirs}, why
    if ours is None and theirs is not None:
        assert text == "users:", why  # kubectl goes on as nobody; we do not


def _generated(world: World, chance: random.Random) -> str:
    """Write up to three kubeconfigs whose entries overlap, and return a list of them and of some that are missing."""
    for number in range(chance.randint(1, 3)):
        user = chance.choice(["x", "y"])
        entries: Entry = {"users": [], "clusters": [], "contexts": []}
        for name in chance.sample(["x", "y", "z"], chance.randint(1, 3)):
            entries["users"].append(
                {
                    "name": name,
                    "user": chance.choice(
                        [
                            {"token": f"{number}{name}"},
                            {"tokenFile": "token"},
                            {"token": f"{number}", "as": name},
                            {"username": name, "password": "p"},
                            {"client-certificate": "client1.pem", "client-key": "client1.pem"},
                        ]
                    ),
                }
            )
            entries["clusters"].append(
                {"name": name, "cluster": _cluster(world, chance.choice(["test", "production"]))}
            )
            namespace = {"namespace": chance.choice(["", f"cell-{number}"])} if chance.random() < 0.7 else {}
            entries["contexts"].append({"name": name, "context": {"cluster": name, "user": user, **namespace}})
        if chance.random() < 0.7:
            entries["current-context"] = chance.choice(["x", "y", "z"])
        folder = world.folder / f"f{number}"
        folder.mkdir(exist_ok=True)
        (folder / "client1.pem").write_bytes((world.folder / "client1.pem").read_bytes())
        (folder / "token").write_text(f"file-{number}")
        _write(folder / "config", entries)
    names = [f"f{number}/config" for number in range(3)]
    chance.shuffle(names)
    return ":".join(chance.sample(["", *names], 4))


def test_generated_files_mean_the_same(world: World, kubectl: Path) -> None:
    """Overlapping names, users without an entry and contexts that lead nowhere, in any order of files."""
    same = refused = 0
    for seed in range(40):
        chance = random.Random(seed)
        for old in world.folder.glob("f?/config"):
            old.unlink()
        files = _generated(world, chance)
        context = chance.choice([None, None, "x", "y", "z"])
        theirs, ours, why = _both(world, kubectl, files, context)
        assert ours in {None, theirs}, f"seed {seed}: {why}"
        if ours is None and theirs is not None:
            assert "has no user" in why, f"seed {seed}: {why}"  # kubectl goes on as nobody
        if ours is not None:
            assert _meant_by_us(files, context) == world.meant_by_kubectl(kubectl, files, context), f"seed {seed}"
        same += ours is not None
        refused += ours is None
    assert same >= 12
    assert refused >= 5


NAMESPACES: dict[str, tuple[str | None, list[Entry]]] = {
    "none": (None, [{}]),
    "empty": (None, [{"namespace": ""}]),
    "null": (None, [{"namespace": None}]),
    "one": (None, [{"namespace": "cell-1"}]),
    "that of the first file": (None, [{"namespace": "cell-1"}, {"namespace": "cell-7"}]),
    "none in the first file": (None, [{}, {"namespace": "cell-7"}]),
    "empty in the first file": (None, [{"namespace": ""}, {"namespace": "cell-7"}]),
    "of the context asked for": ("there", [{"namespace": "cell-1"}, {"namespace": "cell-7"}]),
    "a number": (None, [{"namespace": 7}]),
    "true": (None, [{"namespace": True}]),
}


def _meant_by_us(files: str, context: str | None) -> tuple[str, str] | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", files)
        try:
            chosen = choose(ClusterAccess(None, context))
        except ConfigError:
            return None
    return chosen.server, chosen.namespace


@pytest.mark.parametrize("case", NAMESPACES)
def test_the_namespace_is_the_one_that_kubectl_means(world: World, kubectl: Path, case: str) -> None:
    """A context comes whole from one file: another file adds no namespace to it."""
    context, namespaces = NAMESPACES[case]
    paths = []
    for number, namespace in enumerate(namespaces):
        config = _config(world)
        here = {"cluster": "c", "user": "u", **namespace}
        config["contexts"] = [{"name": "here", "context": here}]
        if context is not None and number:
            config["contexts"].append({"name": context, "context": here})
        paths.append(str(_write(world.folder / f"config{number}", config)))
    files = ":".join(paths)
    theirs, ours = world.meant_by_kubectl(kubectl, files, context), _meant_by_us(files, context)
    assert ours == theirs
    assert (ours is None) == (case in {"a number", "true"})


def test_a_pods_service_account_is_the_last_resort(
    world: World, kubectl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CI runner is a pod with a kubeconfig: the file counts, for kubectl and for us."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", world.urls["production"].rpartition(":")[2])
    account = world.folder / "account"
    account.mkdir()
    (account / "token").write_text("pod")
    (account / "ca.crt").write_bytes(world.ca.read_bytes())
    monkeypatch.setattr("detnet.kubernetes.access.kubeconfig._SERVICE_ACCOUNT", account)
    theirs, ours, why = _both(world, kubectl, str(_write(world.folder / "config", _config(world))))
    assert ours == theirs is not None, why
    alone = world.by_us(ClusterAccess())
    assert alone is not None
    assert (alone.server, alone.headers) == ("production", (("authorization", "Bearer pod"),))
    monkeypatch.setenv("KUBECONFIG", "nowhere")
    assert world.by_us(ClusterAccess()) is None  # kubectl would take the service account, with a warning


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_this_machine_is_not_asked_through_the_environments_proxy(
    world: World, kubectl: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As for Go; where it applies is in the test of the rules."""
    monkeypatch.setenv(name, world.proxy)
    theirs, ours, why = _both(world, kubectl, str(_write(world.folder / "config", _config(world))))
    assert ours == theirs is not None, why
    assert not ours.proxied


def test_the_corpus_tells_clusters_and_users_apart(world: World, kubectl: Path) -> None:
    """A comparison that saw nothing would find everything equal."""
    theirs, ours, why = _both(
        world, kubectl, str(_write(world.folder / "config", _config(world, {"token": "t", "as": "ann"})))
    )
    assert theirs == ours is not None, why
    assert ours.headers == (("authorization", "Bearer t"), ("impersonate-user", "ann"))
    assert os.environ.get("KUBECONFIG") is None
