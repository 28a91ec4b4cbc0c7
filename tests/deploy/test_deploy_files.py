"""What the files under deploy/ name exists: commands and their words, modules, cities, variables, ports, other files.

Nothing is built or started here: no container engine, cluster or systemd. Dagster's configurations are validated by
Dagster's own schemas; that of PostgreSQL and that of the queue also run, in tests/servers.
"""

from __future__ import annotations

import configparser
import importlib
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from dagster._config import validate_config
from dagster._core.instance.config import dagster_instance_config
from dagster._core.workspace.config_schema import process_workspace_config
from dagster_k8s import K8sRunLauncher

from pipelines.celery_launcher import WatchfulCeleryRunLauncher
from pipelines.command_line import cli as pingan
from pipelines.settings import ROOT, VERSION
from pipelines.workspace import MODULE

DEPLOY = ROOT / "deploy"
YAML = sorted(DEPLOY.rglob("*.yaml"))
CONFIGURATIONS = sorted(DEPLOY.glob("dagster*.yaml"))
UNITS = sorted(DEPLOY.rglob("*.service"))
LAUNCHERS = {"K8sRunLauncher": K8sRunLauncher, "WatchfulCeleryRunLauncher": WatchfulCeleryRunLauncher}
IMAGE = f"pingan-index:{VERSION}"


def documents(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def walk(node: Any) -> Iterator[Any]:
    """A document's nodes, itself first."""
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def environment_file() -> dict[str, str]:
    lines = (DEPLOY / "pingan.env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))  # type: ignore[misc]


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


def commands() -> list[tuple[str, list[str]]]:
    """Every command of a process of ours, with the file that names it."""
    found = [(path.name, shlex.split(unit(path)["Service"]["ExecStart"])) for path in UNITS]
    compose = documents(DEPLOY / "compose.yaml")[0]["services"]
    found += [(f"compose.yaml {name}", s["entrypoint"]) for name, s in compose.items() if "entrypoint" in s]
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in documents(path):
            for node in walk(document):
                if isinstance(node, dict) and isinstance(node.get("command"), list):
                    found.append((f"{path.name} {document['metadata']['name']}", node["command"]))
    return found


def program(name: str) -> click.Command:
    from dagster._cli import create_dagster_cli
    from dagster._daemon.cli import create_dagster_daemon_cli
    from dagster_webserver.cli import dagster_webserver

    programs = {
        "pingan": lambda: pingan,
        "dagster": create_dagster_cli,
        "dagster-daemon": create_dagster_daemon_cli,
        "dagster-webserver": lambda: dagster_webserver,
    }
    return programs[Path(name).name]()  # type: ignore[return-value,no-any-return]


def parsed(words: Sequence[str]) -> Mapping[str, Any]:
    """The words of a command read by the program itself, which is not run; UsageError when it does not know them."""
    command, rest = program(words[0]), list(words[1:])
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"{words[0]} has no command {rest[0]}"
        command, rest = found, rest[1:]
    there = {"${PINGAN_CODE_PORT}": "4001", "/etc/pingan/workspace.yaml": str(DEPLOY / "workspace.yaml")}
    rest = [there.get(word, word) for word in rest]
    return command.make_context(words[0], rest).params


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_every_yaml_file_says_what_it_is_and_can_be_read(path: Path) -> None:
    assert documents(path)
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_dagster_takes_its_configuration(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_file().items():
        monkeypatch.setenv(name, value)
    (tmp_path / "dagster.yaml").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    configuration, _ = dagster_instance_config(str(tmp_path))
    assert configuration["telemetry"] == configuration["nux"] == {"enabled": False}
    assert configuration["run_retries"]["retry_on_asset_or_op_failure"] is False
    assert {"schedule", "sensor"} <= set(configuration["retention"])
    launcher = configuration.get("run_launcher")
    if launcher is None:
        return
    result = validate_config(LAUNCHERS[launcher["class"]].config_type(), launcher["config"])
    assert result.success, result.errors
    assert getattr(importlib.import_module(launcher["module"]), launcher["class"]) is LAUNCHERS[launcher["class"]]


def test_a_wrong_configuration_is_not_taken(tmp_path: Path) -> None:
    configuration = documents(DEPLOY / "dagster.yaml")[0]
    configuration["run_monitoring"]["start_timeout"] = 1
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    with pytest.raises(Exception, match="start_timeout"):
        dagster_instance_config(str(tmp_path))


@pytest.mark.parametrize(("where", "words"), commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_knows_its_words(where: str, words: list[str]) -> None:
    parameters = parsed(words)
    if "code-server" in words:
        assert parameters["module_name"] in ((MODULE,), MODULE)
        city = words[words.index("-a") + 1]
        assert city == "%I" or (ROOT / "data" / city / "city.yaml").is_file()
    if "dagster-webserver" in Path(words[0]).name and "compose" not in where:
        assert parameters["host"] == "127.0.0.1"


def test_a_command_that_does_not_exist_is_found() -> None:
    with pytest.raises(click.UsageError):
        parsed(["dagster-webserver", "--no-such-word"])
    with pytest.raises(AssertionError, match="no command"):
        parsed(["pingan", "labour"])


def test_every_program_is_that_of_the_makefiles_environment() -> None:
    for where, words in commands():
        if where.endswith(".service"):
            assert words[0].startswith("/opt/pingan/.venv/bin/"), where
            assert Path(sys.executable).with_name(Path(words[0]).name).exists(), where


def test_every_variable_is_known_and_has_a_value() -> None:
    given = environment_file()
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "pipelines").rglob("*.py"))
    read_by_dagster = {
        node["env"]
        for path in CONFIGURATIONS
        for node in walk(documents(path))
        if isinstance(node, dict) and set(node) == {"env"}
    }
    assert read_by_dagster <= set(given), "dagster*.yaml reads what pingan.env.example does not give"
    for name in given:
        assert name in read_by_dagster or name == "DAGSTER_HOME" or name in code, f"nobody reads {name}"
    compose = documents(DEPLOY / "compose.yaml")[0]["services"]
    for name, service in compose.items():
        if "entrypoint" in service:
            assert set(service["environment"]) <= set(given), name
            assert read_by_dagster - {
                "PINGAN_DATABASE_USER",
                "PINGAN_DATABASE_PASSWORD",
                "PINGAN_DATABASE_NAME",
            } <= set(service["environment"]), f"{name} would take loopback addresses from pingan.env"
    settings = next(
        d["data"] for d in documents(DEPLOY / "kubernetes" / "configuration.yaml")
        if d["metadata"]["name"] == "pingan-environment"
    )  # fmt: skip
    assert set(settings) <= set(given)
    assert {n for n in given if "DATABASE" in n} - set(settings) == {"PINGAN_DATABASE_USER", "PINGAN_DATABASE_PASSWORD"}
    for path in UNITS:
        assert unit(path)["Service"]["EnvironmentFile"], path.name


@pytest.mark.parametrize("name", ["workspace.yaml", "compose-workspace.yaml", "kubernetes/configuration.yaml"])
def test_workspaces_name_the_ports_on_which_code_servers_listen(name: str) -> None:
    found = documents(DEPLOY / name)
    texts = [
        d["data"]["workspace.yaml"] for d in found if isinstance(d.get("data"), dict) and "workspace.yaml" in d["data"]
    ]
    workspace = yaml.safe_load(texts[0]) if texts else found[0]
    assert process_workspace_config(workspace).success
    served = {}
    for where, words in commands():
        if "code-server" in words and "-p" in words and where.startswith(name.partition("-")[0].partition("/")[0][:7]):
            served[words[words.index("-a") + 1]] = int(words[words.index("-p") + 1])
    for entry in workspace["load_from"]:
        server = entry["grpc_server"]
        assert (ROOT / "data" / server["location_name"] / "city.yaml").is_file()
        if name == "compose-workspace.yaml":
            assert served[server["location_name"]] == server["port"]
            assert server["host"] in documents(DEPLOY / "compose.yaml")[0]["services"]


def test_services_and_probes_in_the_cluster_use_the_ports_of_the_processes() -> None:
    processes = documents(DEPLOY / "kubernetes" / "processes.yaml")
    deployments = {d["metadata"]["name"]: d for d in processes if d["kind"] == "Deployment"}
    assert set(deployments) == {"code-tianshui", "webserver", "daemon"}
    configuration = documents(DEPLOY / "kubernetes" / "configuration.yaml")
    names = {(d["kind"], d["metadata"]["name"]) for d in configuration}
    launcher = documents(DEPLOY / "dagster-k8s.yaml")[0]["run_launcher"]["config"]
    assert launcher["job_image"] == IMAGE
    accounts = {d["metadata"]["name"] for d in documents(DEPLOY / "kubernetes" / "access.yaml")}
    assert launcher["service_account_name"] in accounts
    made_by_hand = {"pingan-dagster", "pingan-secrets"}
    text = (DEPLOY / "kubernetes" / "configuration.yaml").read_text(encoding="utf-8")
    assert all(f" {name} " in text for name in made_by_hand)
    for name, deployment in deployments.items():
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert container["image"] == IMAGE
        assert deployment["spec"]["replicas"] == 1
        sources = [s["configMapRef"]["name"] for s in container["envFrom"] if "configMapRef" in s]
        assert sources == launcher["env_config_maps"]
        for volume in pod["volumes"]:
            if "configMap" in volume and volume["configMap"]["name"] not in made_by_hand:
                assert ("ConfigMap", volume["configMap"]["name"]) in names, name
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in names, name
        assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    code = deployments["code-tianshui"]["spec"]["template"]["spec"]["containers"][0]
    port = int(code["command"][-1])
    service = next(d for d in processes if d["kind"] == "Service")
    assert code["ports"] == [{"containerPort": port}]
    assert code["readinessProbe"]["exec"]["command"][-1] == str(port)
    assert service["spec"]["ports"] == [{"port": port, "targetPort": port}]
    assert service["spec"]["selector"] == deployments["code-tianshui"]["spec"]["selector"]["matchLabels"]


def test_the_compose_file_names_files_and_services_that_there_are() -> None:
    compose = documents(DEPLOY / "compose.yaml")[0]
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", ())) <= set(compose["services"]), name
        assert service["image"] == IMAGE if "entrypoint" in service else ":" in service["image"]
        for mount in service.get("volumes", ()):
            source = mount.rsplit(":", 2)[0] if mount.endswith(":ro") else mount.rpartition(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file(), mount
            elif not source.startswith("$"):
                assert source in compose["volumes"], mount
    assert (DEPLOY / compose["services"]["worker"]["build"]["dockerfile"].removeprefix("deploy/")).is_file()


def test_the_image_is_built_by_commands_of_the_makefile() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = re.findall(r"^RUN make (\w+)", text, re.MULTILINE)
    assert used == ["services"]
    assert set(used) <= targets
    assert re.search(r"^FROM python:3\.11", text, re.MULTILINE)
    assert f"-t {IMAGE} " in text
    user = re.search(r"--uid (\d+)", text)
    assert user is not None
    assert f"runAsUser: {user[1]}" in (DEPLOY / "kubernetes" / "processes.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_every_unit_restarts_its_process_and_writes_only_into_the_state(path: Path) -> None:
    service = unit(path)["Service"]
    assert (service["Restart"], service["ProtectSystem"]) == ("always", "strict")
    assert service["ReadWritePaths"] == environment_file()["PINGAN_HOME"]
    assert "password" not in path.read_text(encoding="utf-8").lower() or "EnvironmentFile" in service
