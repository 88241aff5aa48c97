// What people call a job.

/** The end of an id, which tells jobs apart; the beginning is the time. */
export const shortId = (id) => `…${id.slice(-8)}`;

/** What a job was named: by its label `name` or `file`; null if by neither. */
export const givenName = ({ labels }) => labels.name ?? labels.file ?? null;

/** The name of a job, or the end of its id. */
export const nameOf = (job) => givenName(job) ?? shortId(job.id);

/** A text as a value of a label takes it: printable, of at most 256 characters. */
export const labelValue = (text) => [...text.normalize("NFC").replace(/[\p{C}\p{Z}]/gu, " ")].slice(0, 256).join("").trim();
