// Door: what code in agent and app workers may use.

export { type Listener, type Messenger, messenger, type Responder } from './worker/messenger.js';
