"""Tables of calls. Work in progress lives only here; what a decision rests on is sealed with the collection."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from heirloom.cases.models import Case, Seal
from heirloom.catalogue.fields import TranslatedField
from heirloom.catalogue.models import key_field


class Call(models.Model):
    """A call for cases, with its texts, dates, questions and rubric.

    What may be done now follows from the phases' dates alone; ``state`` only says whether the public may see it.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("announced")
        CLOSED = "closed", _("closed")

    key = key_field()
    slug = models.SlugField(unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    title = TranslatedField()
    summary = TranslatedField()
    body = TranslatedField()
    contact = models.EmailField(blank=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    blind = models.BooleanField(default=True)
    reviews_per_submission = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(1)])
    sources = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.title.text(["en"], default=self.slug))


class Phase(models.Model):
    """A span of time in which one kind of work of a call may be done."""

    class Kind(models.TextChoices):
        SUBMISSION = "submission", _("submission")
        REVIEW = "review", _("review")
        DECISION = "decision", _("decision")
        PUBLICATION = "publication", _("publication")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="phases")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["opens_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["call", "kind"], name="one_phase_a_kind"),
            models.CheckConstraint(
                condition=Q(closes_at__isnull=True) | Q(closes_at__gt=F("opens_at")),
                name="phase_ends_after_it_opens",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.kind}"


class CallMember(models.Model):
    """A person's role in one call."""

    class Role(models.TextChoices):
        ORGANISER = "organiser", _("organiser")
        REVIEWER = "reviewer", _("reviewer")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="call_memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    languages = models.JSONField(default=list, blank=True)
    capacity = models.PositiveSmallIntegerField(default=10)
    organisation = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "user", "role"], name="one_call_role")]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} of {self.call_id}"


class Theme(models.Model):
    """An area that a call seeks cases in."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="themes")
    position = models.PositiveSmallIntegerField(default=0)
    slug = models.SlugField()
    title = TranslatedField()
    description = TranslatedField()

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["call", "slug"], name="one_theme_a_slug")]

    def __str__(self) -> str:
        return str(self.title.text(["en"], default=self.slug))


class Question(models.Model):
    """A question that an application answers. An eligibility question must be answered with its ``required_answer``."""

    class Kind(models.TextChoices):
        SHORT = "short", _("short text")
        LONG = "long", _("long text")
        CHOICE = "choice", _("one of several")
        NUMBER = "number", _("number")
        YES_NO = "yes-no", _("yes or no")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(default=0)
    slug = models.SlugField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = TranslatedField()
    help = TranslatedField()
    choices = models.JSONField(default=list, blank=True)
    required = models.BooleanField(default=False)
    eligibility = models.BooleanField(default=False)
    required_answer = models.BooleanField(null=True, blank=True)
    identifying = models.BooleanField(default=False)
    max_length = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["call", "slug"], name="one_question_a_slug")]

    def __str__(self) -> str:
        return str(self.slug)


class Criterion(models.Model):
    """One criterion of a call's rubric; its weight is relative to the sum of all weights."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="criteria")
    position = models.PositiveSmallIntegerField(default=0)
    slug = models.SlugField()
    title = TranslatedField()
    description = TranslatedField()
    weight = models.DecimalField(max_digits=6, decimal_places=3, default=1)

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "criteria"
        constraints = [
            models.UniqueConstraint(fields=["call", "slug"], name="one_criterion_a_slug"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="weight_is_positive"),
        ]

    def __str__(self) -> str:
        return str(self.slug)


class Level(models.Model):
    """One anchored level of a criterion: what a case looks like that earns this value."""

    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="levels")
    value = models.PositiveSmallIntegerField()
    anchor = TranslatedField()

    class Meta:
        ordering = ["value"]
        constraints = [models.UniqueConstraint(fields=["criterion", "value"], name="one_level_a_value")]

    def __str__(self) -> str:
        return f"{self.criterion_id}={self.value}"


class Submission(models.Model):
    """An application to a call: answers, and a case of which one version is sealed when it is submitted."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        WITHDRAWN = "withdrawn", _("withdrawn")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("not accepted")

    key = key_field()
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="submissions")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="submissions")
    theme = models.ForeignKey(
        Theme, on_delete=models.PROTECT, null=True, blank=True, related_name="submissions"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    applicant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="submissions"
    )
    language = models.CharField(max_length=35, blank=True)
    answers = models.JSONField(default=dict, blank=True)
    revision = models.PositiveIntegerField(default=0)
    seal = models.ForeignKey(
        Seal, on_delete=models.PROTECT, null=True, blank=True, related_name="submissions"
    )
    receipt = models.CharField(max_length=40, blank=True, db_index=True)
    created_at = models.DateTimeField(default=timezone.now)
    saved_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["call", "case"], name="one_submission_a_case"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"]) | Q(seal__isnull=False),
                name="submitted_means_sealed",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Conflict(models.Model):
    """A conflict of interest between a reviewer and a submission; whoever has one never sees the submission."""

    class Kind(models.TextChoices):
        INVOLVED = "involved", _("took part in the case")
        ORGANISATION = "organisation", _("same organisation")
        FAMILY = "family", _("family or close friend")
        RIVAL = "rival", _("competing interest")
        OTHER = "other", _("other")

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="conflicts")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conflicts")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    reason = models.TextField(blank=True)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "reviewer"], name="one_conflict")]

    def __str__(self) -> str:
        return f"{self.reviewer_id} / {self.submission_id}"


class Review(models.Model):
    """One reviewer's review of one submission, from assignment to its final form."""

    class State(models.TextChoices):
        ASSIGNED = "assigned", _("assigned")
        DRAFT = "draft", _("begun")
        FINAL = "final", _("final")
        DECLINED = "declined", _("declined")

    key = key_field()
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="reviews"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASSIGNED)
    for_organisers = models.TextField(blank=True)
    for_applicant = models.TextField(blank=True)
    language = models.CharField(max_length=35, blank=True)
    confidence = models.PositiveSmallIntegerField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    assigned_at = models.DateTimeField(default=timezone.now)
    saved_at = models.DateTimeField(null=True, blank=True)
    final_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["assigned_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "reviewer"], name="one_review_a_reviewer")
        ]

    def __str__(self) -> str:
        return self.key


UNFINISHED = (Review.State.ASSIGNED, Review.State.DRAFT)


class Score(models.Model):
    """One criterion's value in a review, with a reason. ``overrides`` holds a computed suggestion that the reviewer changed."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="scores")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="scores")
    value = models.PositiveSmallIntegerField()
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "criterion"], name="one_score_a_criterion")]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.value}"


class Decision(models.Model):
    """The decision on a submission; the applicant learns of it only when it is announced."""

    class Outcome(models.TextChoices):
        ACCEPT = "accept", _("accept")
        REJECT = "reject", _("do not accept")

    submission = models.OneToOneField(Submission, on_delete=models.CASCADE, related_name="decision")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason = TranslatedField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(default=timezone.now)
    announced_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.outcome}"


class Collection(models.Model):
    """The published cases of a call."""

    key = key_field()
    call = models.OneToOneField(Call, on_delete=models.PROTECT, related_name="collection")
    slug = models.SlugField(unique=True)
    title = TranslatedField()
    summary = TranslatedField()
    published_at = models.DateTimeField(null=True, blank=True)
    object_version = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=128, blank=True)

    def __str__(self) -> str:
        return str(self.slug)


class Entry(models.Model):
    """A sealed case in a collection."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="entries")
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="entries")
    theme = models.ForeignKey(Theme, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "entries"
        constraints = [models.UniqueConstraint(fields=["collection", "seal"], name="one_entry")]

    def __str__(self) -> str:
        return f"{self.collection_id}/{self.seal_id}"
