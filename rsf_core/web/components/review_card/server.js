// Requests to /api/review (web/api.py).

export const KEPT_ALIVE = 60_000; // bytes that a browser still sends for a closed tab
export const NO_ANSWER = "The server does not answer. Nothing is lost; trying again …";
const PATIENCE = 20_000; // ms without an answer before a request counts as failed

// Send a request: {status, content} or {status, error}; status 0 if there was no answer.
export async function post(what, body, keepalive = false) {
  const text = JSON.stringify(body);
  try {
    const answer = await fetch(`/api/review/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: text,
      keepalive: keepalive && size(text) <= KEPT_ALIVE,
      signal: AbortSignal.timeout(PATIENCE),
    });
    const content = await answer.json();
    return answer.ok ? { status: answer.status, content } : { status: answer.status, error: content.error };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException)) throw error;
    return { status: 0, error: null };
  }
}

// Like post, with a token in the body. A request that is refused while the page brings a newer token is sent again with that
// one: a restarted server refuses what the one before has signed.
export async function postWith(token, what, body, keepalive = false) {
  for (;;) {
    const sent = token();
    const answer = await post(what, { token: sent, ...body }, keepalive);
    if (!isForbidden(answer) || token() === sent) return answer;
  }
}

export function isForbidden({ status }) {
  return status === 401 || status === 403;
}

// The size of a text in bytes.
export function size(text) {
  return new TextEncoder().encode(text).length;
}
