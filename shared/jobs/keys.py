"""The keys of the blobs that a job has whatever its `Spec` says, by its id alone."""

#: The keys of the blobs of all jobs begin with this.
JOBS = "jobs/"


def folder_of(job_id: str) -> str:
    """What the keys of all blobs of a job begin with."""
    return f"{JOBS}{job_id}/"


def upload_key_of(job_id: str) -> str:
    """The key of the blob with the upload of a job."""
    return f"{folder_of(job_id)}upload"


def manifest_key_of(job_id: str) -> str:
    """The key of the blob with the manifest of a job; see `shared.storage.manifest`."""
    return f"{folder_of(job_id)}manifest.json"


def direct_key_of(job_id: str, result_format: str) -> str:
    """The key of the direct file with all results; see `shared.storage.direct_files`."""
    return f"{folder_of(job_id)}direct/results.{result_format}"


def direct_record_key_of(job_id: str) -> str:
    """The key of the blob that says that this file is there, and what it holds."""
    return f"{folder_of(job_id)}direct.json"


#: The keys of the blobs that say which jobs have begun to write to a folder of a user begin so.
OUTPUTS = "outputs/"


def output_folder_of(job_id: str) -> str:
    """What the keys of the blobs that say so of a job begin with."""
    return f"{OUTPUTS}{job_id}/"


def output_key_of(job_id: str) -> str:
    """The key of the blob that says so of a job; it outlives the job. See `worker.steps.output`."""
    return f"{output_folder_of(job_id)}begun.json"
