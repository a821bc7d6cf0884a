"""Tables of the catalogue: an index over what the archive keeps, plus items still being described."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from heirloom.keys import LENGTH, new_key

from .fields import TranslatedField


def key_field() -> models.CharField[str, str]:
    return models.CharField(max_length=LENGTH, unique=True, default=new_key, editable=False)


class Community(models.Model):
    """A community whose culture is shown here and who decides how."""

    key = key_field()
    slug = models.SlugField(unique=True)
    name = TranslatedField()
    description = TranslatedField()
    contact = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "communities"

    def __str__(self) -> str:
        return str(self.name.text(["en"], default=self.slug))


class Membership(models.Model):
    """A person belongs to a community, as its stewards confirmed.

    ``attributes`` holds what a community's protocols ask about and its stewards recorded with the person's
    consent (for example ``{"gender": "women"}``); it is personal data, never shown and never exported.
    """

    class Role(models.TextChoices):
        MEMBER = "member", _("member")
        STEWARD = "steward", _("steward: decides protocols and labels for the community")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    attributes = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "community"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.user} in {self.community}"


class Protocol(models.Model):
    """A cultural protocol: who may see the things that carry it, and when.

    ``seasons`` is a list of ``["MM-DD", "MM-DD"]`` spans in which the thing is open (empty: always; a span may
    cross the new year). ``attributes`` must all be matched by the viewer's membership
    (``{"gender": ["women"]}``). :func:`heirloom.catalogue.rights.visible` is the only reader.
    """

    class Audience(models.TextChoices):
        PUBLIC = "public", _("everybody")
        SIGNED_IN = "signed-in", _("people who have signed in")
        MEMBERS = "members", _("members of the community")
        STEWARDS = "stewards", _("stewards of the community")

    key = key_field()
    name = TranslatedField()
    note = TranslatedField()
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.STEWARDS)
    communities = models.ManyToManyField(Community, related_name="protocols", blank=True)
    seasons = models.JSONField(default=list, blank=True)
    attributes = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return str(self.name.text(["en"], default=self.audience))


class Place(models.Model):
    """A place, with its gazetteer identifier and geometry (GeoJSON, WGS 84, longitude first)."""

    key = key_field()
    name = TranslatedField()
    gazetteer = models.URLField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    geometry = models.JSONField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    precision_km = models.FloatField(null=True, blank=True)
    part_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="parts"
    )
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gazetteer"], condition=~Q(gazetteer=""), name="one_place_a_gazetteer_id"
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True) | Q(latitude__range=(-90, 90)), name="latitude_in_range"
            ),
            models.CheckConstraint(
                condition=Q(longitude__isnull=True) | Q(longitude__range=(-180, 180)),
                name="longitude_in_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.name.text(["en"], default=self.key))


class Term(models.Model):
    """An entry of a vocabulary: a language, technique, material, form, subject or period.

    ``code`` is the scheme's own short identifier (Glottocode, ISO 639-3, Getty AAT number); ``uri`` its address.
    """

    class Scheme(models.TextChoices):
        LANGUAGE = "language", _("language")
        TECHNIQUE = "technique", _("technique")
        MATERIAL = "material", _("material")
        FORM = "form", _("form")
        SUBJECT = "subject", _("subject")
        PERIOD = "period", _("period")

    scheme = models.CharField(max_length=10, choices=Scheme.choices)
    code = models.CharField(max_length=80)
    uri = models.URLField(max_length=300, blank=True)
    label = TranslatedField()
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scheme", "code"], name="one_term_a_code")]

    def __str__(self) -> str:
        return f"{self.scheme}:{self.code}"


class Agent(models.Model):
    """A person, organisation or group that did something to or for an item; not an account."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        ORGANISATION = "organisation", _("organisation")
        GROUP = "group", _("group")

    key = key_field()
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.PERSON)
    name = TranslatedField()
    uri = models.URLField(max_length=300, blank=True)
    source_id = models.CharField(max_length=200, blank=True, db_index=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_id"], condition=~Q(source_id=""), name="one_agent_a_source_id"
            )
        ]

    def __str__(self) -> str:
        return str(self.name.text(["en"], default=self.key))


class Item(models.Model):
    """One described thing with its media files."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("image")
        SURFACE = "surface", _("surface")
        MODEL = "model", _("3D model")
        RECORDING = "recording", _("recording")
        TEXT = "text", _("text")
        DATA = "data", _("data")
        PLACE = "place", _("place")
        PRACTICE = "practice", _("practice")
        OBJECT = "object", _("object")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    key = key_field()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    title = TranslatedField()
    description = TranslatedField()
    date = models.CharField(max_length=100, blank=True)
    date_note = TranslatedField()
    year_from = models.IntegerField(null=True, blank=True, db_index=True)
    year_to = models.IntegerField(null=True, blank=True)
    rights = models.URLField(max_length=200, blank=True)
    rights_holder = models.CharField(max_length=300, blank=True)
    protocol = models.ForeignKey(
        Protocol, on_delete=models.PROTECT, null=True, blank=True, related_name="items"
    )
    communities = models.ManyToManyField(Community, related_name="items", blank=True)
    places = models.ManyToManyField(Place, related_name="items", blank=True)
    terms = models.ManyToManyField(Term, related_name="items", blank=True)
    illustrative = models.BooleanField(default=False)
    source = models.CharField(max_length=100, blank=True)
    source_id = models.CharField(max_length=300, blank=True)
    source_uri = models.URLField(max_length=500, blank=True)
    statements = models.JSONField(default=list, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="items"
    )
    revision = models.PositiveIntegerField(default=0)
    object_version = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id"], condition=~Q(source_id=""), name="one_item_a_source_id"
            )
        ]
        indexes = [models.Index(fields=["state", "-updated_at"], name="item_list")]

    def __str__(self) -> str:
        return str(self.title.text(["en"], default=self.key))


class TitleKey(models.Model):
    """Where an item stands among titles: a collation key for each language of its title, and one for all others.

    ``language`` is ``""`` for the row that readers of any other language sort by. Keys begin with one byte that puts titles in
    the reader's own language first.
    """

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="title_keys")
    language = models.CharField(max_length=35, blank=True)
    key = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "language"], name="one_title_key_a_language")]

    def __str__(self) -> str:
        return f"{self.item_id} ({self.language or '*'})"


class SearchEntry(models.Model):
    """What the search index knows of one thing; the database itself keeps its full-text index in step with these rows.

    The key says which thing it is, so that a search needs no join: see :mod:`heirloom.catalogue.search`.
    ``title`` and ``body`` are tokens, not prose.
    """

    id = models.BigIntegerField(primary_key=True)
    title = models.TextField(blank=True)
    body = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "search entries"

    def __str__(self) -> str:
        return str(self.pk)


class Contribution(models.Model):
    """An agent's part in an item; ``role`` is a MARC relator code (``cre``, ``prf``, ``pht``)."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="contributions")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="contributions")
    role = models.CharField(max_length=40, default="cre")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["item", "agent", "role"], name="one_contribution")]

    def __str__(self) -> str:
        return f"{self.agent} ({self.role})"


class Media(models.Model):
    """One file of an item. ``path`` is its logical path in the item's archive object."""

    class Role(models.TextChoices):
        MASTER = "master", _("master")
        TRANSCRIPT = "transcript", _("transcript or captions")
        SUPPLEMENT = "supplement", _("supplement")

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="media")
    path = models.CharField(max_length=500)
    original_name = models.CharField(max_length=500)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MASTER)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha512 = models.CharField(max_length=128, db_index=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration = models.FloatField(null=True, blank=True)
    language = models.CharField(max_length=35, blank=True)
    alt = TranslatedField()
    caption = TranslatedField()
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["item", "path"], name="one_media_a_path")]

    def __str__(self) -> str:
        return f"{self.item_id}/{self.path}"


class Label(models.Model):
    """A Local Contexts TK or BC label on an item, applied by a community in its own words."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="labels")
    community = models.ForeignKey(Community, on_delete=models.PROTECT, related_name="labels")
    code = models.CharField(max_length=20)
    text = TranslatedField()
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["item", "community", "code"], name="one_label")]

    def __str__(self) -> str:
        return f"{self.code} by {self.community}"


class Change(models.Model):
    """Something that harvesters should learn: the feed of IIIF Change Discovery and OAI-PMH."""

    class Kind(models.TextChoices):
        CREATE = "Create", _("created")
        UPDATE = "Update", _("updated")
        DELETE = "Delete", _("removed from view")

    at = models.DateTimeField(default=timezone.now, db_index=True)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    about = models.CharField(max_length=10)
    key = models.CharField(max_length=LENGTH)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["about", "key", "id"], name="change_about")]

    def __str__(self) -> str:
        return f"{self.kind} {self.about} {self.key}"


class ImportBatch(models.Model):
    """One import: where from, by which mapping, and what it did; a dry run keeps only its report."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    key = key_field()
    format = models.CharField(max_length=20)
    source = models.CharField(max_length=100)
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    report = models.JSONField(default=dict)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.source} ({self.format}, {self.state})"
