"""What is already there, as drafts: the other side of a merge and of a comparison."""

from __future__ import annotations

from heirloom.catalogue.models import Agent, Item, Media, Place, Term

from .draft import (
    AgentDraft,
    ContributionDraft,
    ItemDraft,
    LabelDraft,
    MediaDraft,
    PlaceDraft,
    Statement,
    TermDraft,
)


def agent_draft(agent: Agent) -> AgentDraft:
    return AgentDraft(agent.name, agent.kind, agent.uri, agent.source_id)


def place_draft(place: Place) -> PlaceDraft:
    return PlaceDraft(
        place.name,
        place.gazetteer,
        place.country,
        place.longitude,
        place.latitude,
        place.geometry,
        place.precision_km,
    )


def term_draft(term: Term) -> TermDraft:
    return TermDraft(term.scheme, term.code, term.label, term.uri)


def media_draft(media: Media) -> MediaDraft:
    return MediaDraft(
        name=media.original_name,
        role=media.role,
        media_type=media.media_type,
        language=media.language,
        alt=media.alt,
        caption=media.caption,
        sha512=media.sha512,
    )


def draft_of(item: Item) -> ItemDraft:
    """The draft that says what the rows of *item* say; no query where it was fetched by ``actions_keep.whole``."""
    return ItemDraft(
        source=item.source,
        source_id=item.source_id,
        key=item.key,
        kind=item.kind,
        title=item.title,
        description=item.description,
        date=item.date,
        date_note=item.date_note,
        contributions=tuple(
            ContributionDraft(agent_draft(part.agent), part.role)
            for part in sorted(item.contributions.all(), key=lambda part: (part.position, part.pk))
        ),
        places=tuple(place_draft(place) for place in sorted(item.places.all(), key=lambda place: place.pk)),
        terms=tuple(
            term_draft(term) for term in sorted(item.terms.all(), key=lambda term: (term.scheme, term.code))
        ),
        communities=tuple(sorted(community.slug for community in item.communities.all())),
        rights=item.rights,
        rights_holder=item.rights_holder,
        protocol=item.protocol.key if item.protocol else "",
        labels=tuple(
            LabelDraft(label.community.slug, label.code, label.text)
            for label in sorted(item.labels.all(), key=lambda label: (label.position, label.pk))
        ),
        statements=tuple(map(Statement.from_json, item.statements)),
        media=tuple(
            media_draft(media)
            for media in sorted(item.media.all(), key=lambda media: (media.position, media.pk))
        ),
        source_uri=item.source_uri,
        illustrative=item.illustrative,
        deleted=item.state == Item.State.WITHDRAWN,
    )
