"""Write answers: ask the agent, keep what it does, and end in an orderly way whatever happens.

An answer is written beside the request that asked for it. Whoever loses the connection loses
nothing: the answer goes on, is saved as it grows, and can be followed again from any process.
"""

import asyncio
import time
from contextlib import aclosing, suppress

from app.ai.answers import Answer, Ending
from app.ai.budget import Budget, Spending
from app.ai.caller import Caller
from app.ai.calls import call
from app.ai.history import recent
from app.ai.loading import get_agent
from app.ai.parts import Call, CallState, Message, Part, Returned, Role, Spent
from app.ai.settings import AISettings
from app.ai.turn import Turn, TurnError
from app.database import is_outage
from app.logs import logger
from app.services import chat

# How often an answer is saved while it grows, and asks whether it was cancelled.
SAVE_SECONDS = 2.0
# How long to wait before an answer is saved again in the end, when the database is away or busy.
SAVE_AGAIN_SECONDS = (0.2, 1.0, 3.0, 0.0)
# How many answers begin at once: beginning one writes more than to end it.
MOST_BEGINNINGS = 4
SILENT = Ending("failed", "The model answered in a way that cannot be used. Try again.")
INTERRUPTED = Ending("failed", "The answer was interrupted.")


class Writer:
    """The answers that this process is writing."""

    def __init__(self) -> None:
        # Whoever waits here has heard nothing yet; those who have are not to wait for them.
        self.entrance = asyncio.Semaphore(MOST_BEGINNINGS)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._answers: dict[str, Answer] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, opened: chat.Open, settings: AISettings) -> Answer:
        """Begin to write an answer, beside whatever else happens."""
        answer = Answer(opened.parts)
        task = asyncio.create_task(_Writing(opened, answer, settings).run())
        self._answers[opened.id] = answer
        self._tasks[opened.id] = task
        task.add_done_callback(lambda _: self._forget(opened.id))
        return answer

    def find(self, answer_id: str) -> Answer | None:
        """An answer that is written here, or None."""
        return self._answers.get(answer_id)

    async def cancel(self, answer_id: str) -> None:
        """Stop writing an answer, if it is written here, and wait until that is saved."""
        task = self._tasks.get(answer_id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def drain(self, seconds: float) -> None:
        """Wait for the answers to end, but not for long; what is left is interrupted."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks.values(), timeout=seconds)
        for task in late:
            task.cancel("interrupted")
        if late:
            await asyncio.wait(late)

    def _forget(self, answer_id: str) -> None:
        del self._tasks[answer_id], self._answers[answer_id]


class _Writing:
    """One answer on its way."""

    def __init__(self, opened: chat.Open, answer: Answer, settings: AISettings) -> None:
        self._opened = opened
        self._answer = answer
        self._settings = settings
        self._caller = Caller(opened.owner)
        self._spent = Spending()
        self._saved = opened.parts
        self._over = asyncio.Event()

    async def run(self) -> None:
        began = time.perf_counter()
        ending = await self._kept_surely(await self._written())
        self._answer.end(ending)
        logger.info(
            "answer",
            extra={
                "model": self._settings.model_name,
                "state": ending.state,
                "user_id": self._caller.user_id,
                "input_tokens": self._spent.input_tokens,
                "output_tokens": self._spent.output_tokens,
                "ms": round((time.perf_counter() - began) * 1000, 1),
            },
        )

    async def _written(self) -> Ending:
        """Write to the end, and say how that was."""
        task = asyncio.current_task()
        keeping = asyncio.create_task(self._keep(task))
        try:
            async with asyncio.timeout(self._settings.ai_turn_seconds):
                await self._write()
        except TimeoutError:
            return Ending("failed", "This took longer than one answer may.")
        except TurnError as error:
            logger.warning("answer failed", extra={"reason": type(error).__name__})
            return Ending("failed", str(error))
        except asyncio.CancelledError as error:
            return INTERRUPTED if error.args else Ending("cancelled")
        except Exception:
            logger.exception("answer failed")
            return Ending("failed", "Something went wrong here.")
        finally:
            # Not cancelled: what is half saved would be saved twice, or not at all.
            self._over.set()
            await asyncio.wait([keeping])
        if self._answer.parts == self._opened.parts:
            return SILENT
        waits = any(_is(part, CallState.WAITING) for part in self._answer.parts)
        return Ending("waiting" if waits else "done")

    async def _write(self) -> None:
        for part in self._opened.parts:
            if isinstance(part, Call) and part.state is CallState.RUNNING:
                await self._call(part)
        budget = Budget.of(self._settings)
        agent = await get_agent(self._settings)
        # Closed here and now: what a library has opened, the same task has to close.
        async with aclosing(agent.answer(self._turn())) as events:
            async for event in events:
                self._answer.add(event)
                if isinstance(event, Spent):
                    self._spent = self._spent.plus(event)
                    self._log(event)
                    budget.check(self._spent)

    async def _call(self, confirmed: Call) -> None:
        """Run a call that the user has agreed to."""
        outcome = await call(confirmed.name, confirmed.arguments, self._caller)
        state = CallState.FAILED if outcome.failed else CallState.DONE
        self._answer.add(Returned(confirmed.id, outcome.output, state))

    def _turn(self) -> Turn:
        """What the model is asked: what was said, and what of the answer there is already."""
        earlier = self._opened.history
        if self._answer.parts:
            earlier = (*earlier, Message(Role.ASSISTANT, self._answer.parts))
        told = recent(
            earlier,
            most_messages=self._settings.ai_history_messages,
            most_characters=self._settings.ai_history_characters,
        )
        return Turn(self._caller, told, self._settings.ai_turn_steps)

    async def _keep(self, task: asyncio.Task[None] | None) -> None:
        """Save as the answer grows; stop writing when somebody elsewhere says so."""
        while not await self._is_over():
            parts = self._answer.parts
            try:
                going = await chat.save(self._opened, self._saved, parts)
            except Exception:
                # It is tried again soon, and in the end once more.
                logger.exception("answer not saved yet")
                continue
            self._saved = parts
            if not going and task is not None:
                task.cancel()
                return

    async def _is_over(self) -> bool:
        """Whether writing ended before the answer has to be saved again."""
        try:
            async with asyncio.timeout(SAVE_SECONDS):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    async def _kept_surely(self, ending: Ending) -> Ending:
        """As `_kept`. Nobody can cancel that: an answer that is written is as good as saved."""
        keeping = asyncio.create_task(self._kept(ending))
        while not keeping.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([keeping])
        return keeping.result()

    async def _kept(self, ending: Ending) -> Ending:
        """Save the answer as it is in the end; whoever follows it must not wait for ever."""
        about = {"state": ending.state, "error": ending.error}
        for wait in SAVE_AGAIN_SECONDS:
            try:
                await chat.end(self._opened, self._saved, self._answer.parts, self._spent, **about)
            except Exception as error:
                logger.exception("answer not saved")
                if not is_outage(error):
                    break
                await asyncio.sleep(wait)
            else:
                return ending
        return Ending("failed", "The answer could not be saved.")

    def _log(self, spent: Spent) -> None:
        logger.info(
            "model call",
            extra={
                "model": self._settings.model_name,
                "user_id": self._caller.user_id,
                "input_tokens": spent.input_tokens,
                "output_tokens": spent.output_tokens,
            },
        )


def _is(part: Part, state: CallState) -> bool:
    return isinstance(part, Call) and part.state is state
