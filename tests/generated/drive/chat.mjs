// The AI SDK's own client, as a page uses it: say something, confirm, come back, ask what was said.
import {
  AbstractChat,
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
} from 'ai';

const [base, token] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };

class State {
  status = 'ready';
  error = undefined;
  messages = [];
  pushMessage = (message) => (this.messages = [...this.messages, message]);
  popMessage = () => (this.messages = this.messages.slice(0, -1));
  replaceMessage = (place, message) =>
    (this.messages = this.messages.map((old, at) => (at === place ? message : old)));
  snapshot = (value) => structuredClone(value);
}

class Chat extends AbstractChat {
  constructor(init) {
    super({ ...init, state: new State() });
  }
}

const errors = [];
const chat = new Chat({
  id: 'driven-by-npm',
  transport: new DefaultChatTransport({
    api: `${base}/chat`,
    headers,
    prepareSendMessagesRequest: ({ id, messages }) => ({ body: { id, messages: messages.slice(-1) } }),
    prepareReconnectToStreamRequest: ({ id }) => ({ api: `${base}/chat/${id}/stream`, headers }),
  }),
  onError: (error) => errors.push(String(error)),
  sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
});

const text = () =>
  chat.messages
    .at(-1)
    .parts.filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('');
const tools = () =>
  chat.messages
    .at(-1)
    .parts.filter((part) => part.type.startsWith('tool-'))
    .map((part) => [part.type, part.state]);
const until = async (happened) => {
  const deadline = Date.now() + 60_000;
  while (!happened()) {
    if (Date.now() > deadline) throw new Error('it did not happen');
    await new Promise((done) => setTimeout(done, 50));
  }
};

const told = {};
await chat.sendMessage({ text: 'add bread' });
told.added = [tools(), text()];
await chat.sendMessage({ text: 'delete bread' });
told.asked = tools();
const asked = chat.messages.at(-1).parts.find((part) => part.approval);
await chat.addToolApprovalResponse({ id: asked.approval.id, approved: true });
await until(() => chat.status === 'ready' && text().includes('Deleted'));
told.deleted = [tools(), text()];
told.metadata = chat.messages.at(-1).metadata;
told.messages = chat.messages.length;
await chat.resumeStream();
told.errors = errors;
console.log(JSON.stringify(told));
