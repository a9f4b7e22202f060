/** Sessions of a batch at a time. More would start more conversations than a provider or this process can take at once. */
export const MAX_CONCURRENCY = 1024;
