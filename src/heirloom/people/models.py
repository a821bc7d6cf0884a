"""Tables of people, their grants, the append-only log and the outbox. These live only in the database."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_superuser=True, is_staff=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account; the address is the name one signs in with."""

    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=35, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def languages(self) -> list[str]:
        """The languages in which to write to this person, best first (BCP 47)."""
        return [self.language, "en"] if self.language else ["en"]

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Grant(models.Model):
    """What a person may do in the whole installation; roles inside one call stand with the call."""

    class Role(models.TextChoices):
        ORGANISER = "organiser", _("organiser: opens calls and publishes collections")
        CATALOGUER = "cataloguer", _("cataloguer: describes and publishes items")
        ARCHIVIST = "archivist", _("archivist: verifies, mirrors and repairs the archive")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=Role.choices)
    granted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="one_grant_a_role")]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"


class LogEntry(models.Model):
    """One thing that a person or the system did. Rows are only ever added."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    action = models.CharField(max_length=60)
    about = models.CharField(max_length=20)
    key = models.CharField(max_length=60)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["about", "key", "at"], name="log_about")]
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.about} {self.key}"


class Message(models.Model):
    """A message in the outbox, kept until it has left; every attempt is counted."""

    to = models.EmailField()
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="messages")
    language = models.CharField(max_length=35)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    about = models.CharField(max_length=20, blank=True)
    key = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["sent_at", "created_at"], name="outbox_waiting")]
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"
