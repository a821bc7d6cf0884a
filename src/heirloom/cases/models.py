"""Tables of cases and runs. Sealed versions, runs and replications can be rebuilt from the archive; drafts cannot."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from heirloom.catalogue.fields import TranslatedField
from heirloom.catalogue.models import Community, Item, Place, Protocol, Term, key_field


class Case(models.Model):
    """A practice told and evidenced: narrative, items, runs."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    key = key_field()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    title = TranslatedField()
    summary = TranslatedField()
    cover = models.ForeignKey(Item, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started = models.CharField(max_length=100, blank=True)
    ended = models.CharField(max_length=100, blank=True)
    rights = models.URLField(max_length=200, blank=True)
    protocol = models.ForeignKey(
        Protocol, on_delete=models.PROTECT, null=True, blank=True, related_name="cases"
    )
    communities = models.ManyToManyField(Community, related_name="cases", blank=True)
    places = models.ManyToManyField(Place, related_name="cases", blank=True)
    terms = models.ManyToManyField(Term, related_name="cases", blank=True)
    skills = TranslatedField()
    illustrative = models.BooleanField(default=False)
    sources = models.JSONField(default=list, blank=True)
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    published_seal = models.ForeignKey(
        "Seal", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["state", "-published_at"], name="case_list")]

    def __str__(self) -> str:
        return str(self.title.text(["en"], default=self.key))


class CaseMember(models.Model):
    """A person who works on a case."""

    class Role(models.TextChoices):
        LEAD = "lead", _("lead: edits, seals and submits")
        EDITOR = "editor", _("editor: edits")
        TRANSLATOR = "translator", _("translator: edits translations")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="case_memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.EDITOR)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="one_case_membership")]

    def __str__(self) -> str:
        return f"{self.user} on {self.case_id}"


class Run(models.Model):
    """One execution of a method: who, when, inputs and outputs by digest, parameters, versions, measured cost.

    ``inputs`` is a list of ``{"input", "name", "source", "sha512", "size", "media_type"}``, where ``source`` says where the
    file stands (``{"object": ..., "version": ..., "path": ...}``). ``record`` is the pathway's own run record.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        CANCELLING = "cancelling", _("being cancelled")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")
        DONE = "done", _("done")

    key = key_field()
    case = models.ForeignKey(Case, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs")
    method = models.CharField(max_length=100)
    method_version = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    title = TranslatedField()
    inputs = models.JSONField(default=list)
    params = models.JSONField(default=dict)
    outputs = models.JSONField(default=list)
    record = models.JSONField(default=dict)
    progress = models.FloatField(default=0, validators=[MinValueValidator(0), MaxValueValidator(1)])
    message = models.CharField(max_length=300, blank=True)
    error = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    repeats = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="repeated_by"
    )
    cpu_seconds = models.FloatField(null=True, blank=True)
    wall_seconds = models.FloatField(null=True, blank=True)
    peak_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    bytes_in = models.PositiveBigIntegerField(null=True, blank=True)
    bytes_out = models.PositiveBigIntegerField(null=True, blank=True)
    device = models.CharField(max_length=200, blank=True)
    object_version = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["state", "created_at"], name="run_queue")]

    def __str__(self) -> str:
        return f"{self.method} {self.key}"


class Section(models.Model):
    """One part of a case's narrative: a heading, a text, and at most one thing shown with it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="sections")
    position = models.PositiveSmallIntegerField(default=0)
    heading = TranslatedField()
    body = TranslatedField()
    item = models.ForeignKey(Item, on_delete=models.PROTECT, null=True, blank=True, related_name="sections")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, blank=True, related_name="sections")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(item__isnull=True) | Q(run__isnull=True), name="section_shows_one_thing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.position}"


class Cost(models.Model):
    """What one part of the practice costs; replicators look here first."""

    class Kind(models.TextChoices):
        EQUIPMENT = "equipment", _("equipment")
        SOFTWARE = "software", _("software")
        PEOPLE = "people", _("people's time")
        SPACE = "space", _("space and travel")
        OTHER = "other", _("other")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="costs")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    what = TranslatedField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    recurring = models.BooleanField(default=False)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="cost_not_negative")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class Reach(models.Model):
    """People reached: how many of whom, and how that is known."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="reach")
    position = models.PositiveSmallIntegerField(default=0)
    who = TranslatedField()
    number = models.PositiveIntegerField()
    women = models.PositiveIntegerField(null=True, blank=True)
    evidence = TranslatedField()

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.number}"


class GoalClaim(models.Model):
    """A claim to serve a Sustainable Development Goal, with its evidence."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="goals")
    goal = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(17)])
    target = models.CharField(max_length=6, blank=True)
    evidence = TranslatedField()
    item = models.ForeignKey(Item, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["goal", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "goal", "target"], name="one_claim_a_target"),
            models.CheckConstraint(condition=Q(goal__range=(1, 17)), name="goal_exists"),
        ]

    def __str__(self) -> str:
        return f"SDG {self.goal}"


class Partner(models.Model):
    """An organisation or group behind a case; not an account."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="partners")
    position = models.PositiveSmallIntegerField(default=0)
    name = TranslatedField()
    role = TranslatedField()
    uri = models.URLField(max_length=300, blank=True)
    country = models.CharField(max_length=2, blank=True)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return str(self.name.text(["en"]))


class Seal(models.Model):
    """One sealed version of a case: what reviewers and the public see, fixed by its digest.

    ``number`` is the version of the case's archive object. ``facts`` are computed from the case at sealing;
    ``consent`` records what the people of the case agreed is kept.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="seals")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=128, unique=True)
    content = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    consent = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True)
    sealed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    sealed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="one_seal_a_number")]

    def __str__(self) -> str:
        return f"{self.case_id} v{self.number}"


class Replication(models.Model):
    """The record that someone ran a case's kit on their own material."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        SHOWN = "shown", _("shown on the case's page")
        REFUSED = "refused", _("refused")

    key = key_field()
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="replications")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    who = models.CharField(max_length=300, blank=True)
    where = models.CharField(max_length=300, blank=True)
    note = TranslatedField()
    record = models.JSONField(default=dict)
    comparison = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    digest = models.CharField(max_length=128, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.seal} by {self.who}"
