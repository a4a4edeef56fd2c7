"use client";

import { type QueryKey, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { DefaultChatTransport, type UIMessage } from "ai";

import { authorizedFetch } from "@/lib/access";
import { answerOf, api, type Schemas } from "@/lib/api";
import type { paths } from "@/lib/api.gen";
import { ApiError } from "@/lib/errors";

export type Conversation = Schemas["ConversationRead"];
export type ChatMessage = UIMessage<Schemas["MessageMetadata"]>;

export const CONVERSATIONS: QueryKey = ["conversations"];
const CHAT = "/api/v1/chat" satisfies keyof paths;

export function useConversations() {
  return useQuery({
    queryKey: CONVERSATIONS,
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/conversations", { signal })),
  });
}

export function useDeleteConversation() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answerOf(
        api.DELETE("/api/v1/conversations/{conversation_id}", {
          params: { path: { conversation_id: id } },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: CONVERSATIONS }),
  });
}

/** What the assistant is: a model, or a few rules of this machine. */
export function useAssistant() {
  return useQuery({
    queryKey: ["assistant"],
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/chat/status", { signal })),
    staleTime: Infinity,
  });
}

/** What was said in a conversation, and whether more is being written. */
export function useHistory(id: string, enabled: boolean) {
  return useQuery({
    enabled,
    queryKey: ["history", id],
    queryFn: ({ signal }) => history(id, signal),
    // From here on the chat itself knows what is said.
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

interface History {
  messages: ChatMessage[];
  isRunning: boolean;
}

async function history(id: string, signal: AbortSignal): Promise<History> {
  const options = { params: { path: { conversation_id: id } }, signal };
  const { running } = await answerOf(api.GET("/api/v1/conversations/{conversation_id}", options));
  const page = await answerOf(
    api.GET("/api/v1/conversations/{conversation_id}/messages", {
      ...options,
      params: { ...options.params, query: { limit: 100 } },
    }),
  );
  // The backend tells messages as the AI SDK takes them; its description cannot say so.
  return { messages: page.items as ChatMessage[], isRunning: running };
}

export function stopAnswer(id: string) {
  return answerOf(
    api.POST("/api/v1/chat/{conversation_id}/cancel", { params: { path: { conversation_id: id } } }),
  );
}

/** Sends what is new only: the conversation is in the database. */
export const transport = new DefaultChatTransport<ChatMessage>({
  api: CHAT,
  fetch: askChat,
  prepareSendMessagesRequest: ({ id, messages }) => ({ body: { id, messages: messages.slice(-1) } }),
});

async function askChat(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await authorizedFetch(new Request(input, init));
  if (!response.ok) {
    throw new ApiError(response.status, await response.json().catch(() => undefined));
  }
  return response;
}
