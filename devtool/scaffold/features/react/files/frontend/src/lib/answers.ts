import { ApiError } from "@/lib/errors";

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** What was answered, or the error that the answer is. */
export async function answerOf<Data>(asked: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await asked;
  if (!response.ok) {
    throw new ApiError(response.status, error);
  }
  return data as Data; // Of a success the description knows the type; of 204 it is undefined.
}
