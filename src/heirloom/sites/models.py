"""Tables of monitored places.

A rebuild makes them again from what :mod:`heirloom.sites.keeping` wrote: readings as far as their month is over, and neither owners nor who went on a
visit. A backup covers all.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from heirloom.catalogue.fields import TranslatedField
from heirloom.catalogue.models import Community, Item, Place, Protocol, key_field


class MonitoredPlace(models.Model):
    """A place whose condition is watched.

    Who may see it follows its state and its protocol: :mod:`heirloom.sites.rules`. ``withhold_position`` keeps where it is (its
    catalogue place, its coordinates and those of its sensors) for those who look after it.
    """

    class State(models.TextChoices):
        PRIVATE = "private", _("only for those who look after it")
        SHOWN = "shown", _("shown, as its protocol allows")

    key = key_field()
    name = TranslatedField()
    description = TranslatedField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PRIVATE)
    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, null=True, blank=True, related_name="monitored"
    )
    withhold_position = models.BooleanField(default=True)
    protocol = models.ForeignKey(
        Protocol, on_delete=models.PROTECT, null=True, blank=True, related_name="monitored_places"
    )
    communities = models.ManyToManyField(Community, related_name="monitored_places", blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="monitored_places"
    )
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.name.text(["en"], default=self.key))


class Panel(models.Model):
    """A surface of a monitored place that is photographed and compared as one."""

    key = key_field()
    monitored = models.ForeignKey(MonitoredPlace, on_delete=models.CASCADE, related_name="panels")
    name = TranslatedField()
    description = TranslatedField()
    items = models.ManyToManyField(Item, related_name="panels", blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.name.text(["en"], default=self.key))


class Visit(models.Model):
    """A day on which somebody went there. Who went and the note stay with those who look after the place."""

    key = key_field()
    monitored = models.ForeignKey(MonitoredPlace, on_delete=models.CASCADE, related_name="visits")
    date = models.DateField()
    people = models.CharField(max_length=300, blank=True)
    done = TranslatedField()
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-date", "-id"]

    def __str__(self) -> str:
        return f"{self.date} {self.monitored}"


class Epoch(models.Model):
    """How a panel was captured on a visit. ``repeat``: a second capture with nothing changed, for the level of detection."""

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="epochs")
    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="epochs")
    repeat = models.BooleanField(default=False)
    items = models.ManyToManyField(Item, related_name="epochs", blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "panel", "repeat"], name="one_epoch_a_visit_and_panel")
        ]

    def __str__(self) -> str:
        return f"{self.panel} {self.visit.date}"


class Sensor(models.Model):
    """One measured quantity at one point: of a panel, or of the place as a whole. The unit follows from the kind."""

    class Kind(models.TextChoices):
        AIR_TEMPERATURE = "air-temperature", _("air temperature")
        SURFACE_TEMPERATURE = "surface-temperature", _("surface temperature")
        HUMIDITY = "humidity", _("relative humidity")
        ILLUMINANCE = "illuminance", _("illuminance")
        CARBON_DIOXIDE = "carbon-dioxide", _("carbon dioxide")
        RAIN = "rain", _("rain")
        WIND = "wind", _("wind speed")
        CRACK_WIDTH = "crack-width", _("crack width")
        VIBRATION = "vibration", _("vibration")

    key = key_field()
    monitored = models.ForeignKey(MonitoredPlace, on_delete=models.CASCADE, related_name="sensors")
    panel = models.ForeignKey(Panel, on_delete=models.SET_NULL, null=True, blank=True, related_name="sensors")
    name = TranslatedField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    unit = models.CharField(max_length=10)
    instrument = models.CharField(max_length=200, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.name.text(["en"], default=self.key))


class Observation(models.Model):
    """One reading. A row is its primary key and a number: there are tens of millions.

    ``time`` counts seconds since 1970 in UTC. On SQLite the table is its own index (``WITHOUT ROWID``; see its migration).
    """

    pk = models.CompositePrimaryKey("sensor", "time")
    sensor = models.ForeignKey(Sensor, on_delete=models.CASCADE, related_name="observations", db_index=False)
    time = models.BigIntegerField()
    value = models.FloatField()

    def __str__(self) -> str:
        return f"{self.sensor_id} {self.time}: {self.value}"


class AlertRule(models.Model):
    """When readings of a sensor call for attention.

    An alert begins when readings pass ``threshold`` and have not come back past ``release`` for ``hold`` seconds. It ends with the
    reading that comes back past ``release``: the dead band between the two keeps noise from making many alerts of one.
    """

    class Direction(models.TextChoices):
        ABOVE = "above", _("above")
        BELOW = "below", _("below")

    sensor = models.ForeignKey(Sensor, on_delete=models.CASCADE, related_name="rules")
    direction = models.CharField(max_length=5, choices=Direction.choices)
    threshold = models.FloatField()
    release = models.FloatField()
    hold = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(direction="above", release__lte=F("threshold"))
                | Q(direction="below", release__gte=F("threshold")),
                name="alert_release_behind_threshold",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sensor} {self.direction} {self.threshold}"


class AlertWindow(models.Model):
    """A span in which a rule's alert stood, from its first reading past the threshold; made from the observations alone.

    ``ended`` is None while it still stands at the newest reading. ``extreme`` is the reading farthest past the threshold.
    """

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="windows")
    started = models.BigIntegerField()
    ended = models.BigIntegerField(null=True, blank=True)
    extreme = models.FloatField()

    class Meta:
        ordering = ["-started"]
        constraints = [models.UniqueConstraint(fields=["rule", "started"], name="one_alert_a_start")]

    def __str__(self) -> str:
        return f"{self.rule} {self.started}"
