"""Which jobs get a shadow: a share of a champion's new jobs, which its challenger scores too."""

from api.canary import traffic_of
from api.requests.terms import Terms
from api.services import Services
from shared.fleet import Served
from shared.jobs.job_ids import new_job_id
from shared.jobs.shadow import Shadow
from shared.traffic import is_drawn

#: Jobs with these terms get none: they compare models already, or add what a challenger may not
#: be able to give, or read files that are not the service's, or are batches.
_WITHOUT = ("second", "added", "sources", "as_batch")

#: What `keep` is of a job whose rows are not to be deleted soon; others get none.
_KEPT = "all"


def shadow_for(services: Services, served: Served, job_id: str, terms: Terms) -> Shadow | None:
    """The shadow of a new job; None if it gets none.

    Args:
        services: what the names of models mean.
        served: the model of the job; only a champion has shadows.
        job_id: the id of the job, by which it is drawn.
        terms: further fields of its `Spec`.
    """
    card, names = served.card, services.names
    traffic = traffic_of(names, card.name)
    if traffic is None or not traffic.shadow or any(terms.get(name) for name in _WITHOUT):
        return None
    champion = names.current().get(card.name)
    if not champion or champion.card.version != card.version:
        return None
    challenger = names.there(card.name).get(traffic.version)
    if challenger is None or challenger.card.version == card.version:
        return None
    signature = challenger.card.signature
    if signature.inputs != card.signature.inputs or terms.get("keep", _KEPT) != _KEPT:
        return None
    if not is_drawn(job_id, f"shadow {challenger.card.full_name}", traffic.shadow):
        return None
    shadow_id = new_job_id(services.store.now())
    return Shadow(id=shadow_id, version=traffic.version, signature=signature)
