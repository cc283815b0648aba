"""The controller as a service: signals, reload, metrics and health, start and stop."""

from __future__ import annotations

import importlib.metadata
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from detnet.config.load import Loaded, load
from detnet.config.sections import AuditSettings, StateSettings
from detnet.model.errors import ConfigError, UserError
from detnet.runtime.build import build_loop, listen_address, rebuild
from detnet.runtime.cluster_controller import ClusterController
from detnet.telemetry import logs
from detnet.telemetry.audit import AuditLog
from detnet.telemetry.health import Health
from detnet.telemetry.http import Endpoint, application, check_route
from detnet.telemetry.metrics import Metrics
from detnet.telemetry.recorder import Recorder
from detnet.telemetry.sd_notify import Notifier, watchdog_interval_s
from detnet.telemetry.state_file import StateFile

_log = logging.getLogger("detnet")
# Half of the silence that 'detnet explain' takes for an end of the controller.
_QUIET_S = 5.0


def serve(config: Path | None, dotenv: Path | None, *, observe: bool) -> None:
    """Run the loop until SIGTERM or SIGINT; SIGHUP reads the configuration again.

    Raises:
        UserError: the configuration is wrong, or an address, device or file that it names cannot be used.
    """
    with ExitStack() as closing:
        service = _Service(lambda: _load(config, dotenv, observe=observe), closing)
        with _signals() as (stop, reload_asked):

            def after_pass() -> None:
                if reload_asked.is_set():
                    reload_asked.clear()
                    service.reload()

            service.loop.run(stop, after_pass)
        service.notifier.stopping()
    _log.info("stopped; the caps in force stay in force until 'detnet release'")


class _Service:
    """The controller as ``read`` configures it, with its recorders; ``closing`` ends what it opened, last first."""

    def __init__(self, read: Callable[[], Loaded], closing: ExitStack) -> None:
        loaded = read()
        logs.configure(loaded.settings.log.level)
        for warning in loaded.warnings:
            _log.warning("%s", warning)
        self._settings = settings = loaded.settings
        _check_watchdog(settings.loop.interval)
        self._read = read
        self._closing = closing
        self._health = Health(period_s=settings.loop.interval)
        self.notifier = Notifier()
        audit, memory = self._audit_log(settings.audit), self._state_file(settings.state)
        metrics = Metrics(version=importlib.metadata.version("detnet-qos"), audit=audit, state=memory)
        self._recorder = Recorder(
            metrics=metrics,
            audit=audit,
            health=self._health,
            notifier=self.notifier,
            quiet_s=_QUIET_S if settings.actuator.kind == "kubernetes" else 0.0,
        )
        self.loop = build_loop(settings, self._recorder, memory)
        closing.callback(self.loop.close)
        if isinstance(self.loop, ClusterController):
            self._health.asked_for_role(self.loop.parts.topology.role)
            metrics.registry.register(self.loop.parts.topology.collector())
        if settings.http.listen is not None:
            self._serve_http(settings.http.listen, metrics)
        self.loop.start()

    def reload(self) -> None:
        """Put a new configuration in force, or keep the old one and say what is wrong with the new."""
        self.notifier.reloading()
        try:
            settings = self._read().settings
            _check_watchdog(settings.loop.interval)
            rebuild(self.loop, settings, self._recorder)
        except UserError as error:
            _log.error("the configuration was not reloaded, the old one stays in force: %s", error)
            self._health.configured(str(error))
        else:
            actuator = ("actuator",) if isinstance(self.loop, ClusterController) else ()
            for part in ("http", "audit", "state", *actuator):
                if getattr(settings, part) != getattr(self._settings, part):
                    _log.warning("new settings of '%s' take effect at the next start", part)
            self._settings = settings
            logs.configure(settings.log.level)
            self._health.paced(settings.loop.interval)
            self._health.configured()
            _log.info("the configuration was reloaded")
        self.notifier.ready("running")

    def _audit_log(self, settings: AuditSettings) -> AuditLog | None:
        if settings.path is None:
            return None
        audit = AuditLog(settings.path, max_bytes=settings.max_bytes, files=settings.files)
        self._closing.callback(audit.close)
        return audit

    def _state_file(self, settings: StateSettings) -> StateFile | None:
        if settings.path is None:
            return None
        memory = StateFile(settings.path, max_age_s=settings.max_age)
        self._closing.callback(memory.close)
        return memory

    def _serve_http(self, listen: str, metrics: Metrics) -> None:
        address, port = listen_address(listen)
        checks = {"/healthz": check_route(self._health.alive), "/readyz": check_route(self._health.ready)}
        app = application(metrics.registry, checks)
        endpoint = Endpoint(app, address=address, port=port)
        self._closing.callback(endpoint.close)
        _log.info("metrics and health on http://%s:%d", address, endpoint.port)


def _load(config: Path | None, dotenv: Path | None, *, observe: bool) -> Loaded:
    loaded = load(config, dotenv_path=dotenv)
    if not observe:
        return loaded
    return Loaded(loaded.settings.model_copy(update={"mode": "observe"}), loaded.origins, loaded.warnings)


def _check_watchdog(interval_s: float) -> None:
    """Refuse an interval that systemd would take for a hang."""
    allowed_s = watchdog_interval_s()
    if allowed_s is not None and interval_s > allowed_s:
        raise ConfigError(
            f"loop.interval is {interval_s:g} s, but systemd's watchdog wants a sign of life every "
            f"{allowed_s:g} s: shorten the interval or raise WatchdogSec="
        )


@contextmanager
def _signals() -> Iterator[tuple[threading.Event, threading.Event]]:
    """Turn SIGTERM and SIGINT into the first event and SIGHUP into the second."""
    stop, reload_asked = threading.Event(), threading.Event()
    wanted = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload_asked}
    before = {number: signal.signal(number, lambda *_, event=event: event.set()) for number, event in wanted.items()}
    try:
        yield stop, reload_asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
