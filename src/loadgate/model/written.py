"""The common ground of everything that people write in a site: frozen, unknown keys fail."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Written(BaseModel):
    """A frozen pydantic model with `extra="forbid"`; its JSON Schema is what an editor shows."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
