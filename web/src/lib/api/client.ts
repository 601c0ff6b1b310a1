import createClient, { type Middleware } from 'openapi-fetch';
import type { paths } from './schema';
import { Problem, problemOf, problemOfAnswer } from './problem';

/** Told of every answer: whether the server was reached, and whether it still knows us. */
interface Listener {
  reached(isReached: boolean): void;
  refused(): void;
}

let listener: Listener = { reached: () => {}, refused: () => {} };

export function listen(to: Listener): void {
  listener = to;
}

const marked: Middleware = {
  onRequest({ request }) {
    // Other sites can't send this header without being asked first, so a request that has it is ours.
    if (request.method !== 'GET') request.headers.set('X-Requested-With', 'drishti');
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin' });
api.use(marked);

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or a [`Problem`]. */
export async function ask<Data>(asking: Promise<Answer<Data>>): Promise<NonNullable<Data>> {
  return (await answered(asking)).data as NonNullable<Data>;
}

/** The same with the `ETag`, for the change that follows. */
export async function askWithTag<Data>(
  asking: Promise<Answer<Data>>,
): Promise<{ data: NonNullable<Data>; tag: string }> {
  const { data, response } = await answered(asking);
  return { data: data as NonNullable<Data>, tag: response.headers.get('ETag') ?? '' };
}

/** A file, with the name that the server gives it. */
export async function askForFile(asking: Promise<Answer<Blob>>): Promise<{ blob: Blob; name: string | undefined }> {
  const { data, response } = await answered(asking);
  const named = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '');
  return { blob: data ?? new Blob(), name: named?.[1] };
}

async function answered<Data>(asking: Promise<Answer<Data>>): Promise<Answer<Data>> {
  let answer: Answer<Data>;
  try {
    answer = await asking;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    const problem = problemOf(cause);
    if (problem.isUnreachable) listener.reached(false);
    throw problem;
  }
  if (answer.response.ok) {
    listener.reached(true);
    return answer;
  }
  const problem: Problem = problemOfAnswer(answer.response.status, answer.error);
  listener.reached(!problem.isUnreachable);
  if (problem.status === 401) listener.refused();
  throw problem;
}
