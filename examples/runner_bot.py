"""A bot for Pipecat's own runner, that hands the caller over to a human when he needs one.

    python examples/runner_bot.py -t plivo -x bot.example.com

Point the answer URL of a Plivo application at https://bot.example.com/escalate/answer, and its
hangup URL at https://bot.example.com/escalate/hangup. The runner arms the transport's hang-up when
it has Plivo's credentials; the `EscalationProcessor` takes it over.
"""

from __future__ import annotations

from pipecat.frames.frames import EndWorkerFrame, FunctionCallResultProperties, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.runner.run import app, main
from pipecat.runner.types import WebSocketRunnerArguments
from pipecat.runner.utils import create_transport, parse_telephony_websocket
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams
from pipecat.workers.runner import WorkerRunner
from services import services

from escalate import Switchboard
from escalate.pipecat import EscalationProcessor

TRANSPORTS = {
    "plivo": lambda: FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True)
}

board = Switchboard.from_settings()
app.mount("/escalate", board.app)


async def end_call(params: FunctionCallParams) -> None:
    """End the phone call. Say goodbye first."""
    await params.result_callback(
        {"status": "ending"}, properties=FunctionCallResultProperties(run_llm=False)
    )
    await params.llm.push_frame(EndWorkerFrame())


async def bot(runner_args: WebSocketRunnerArguments) -> None:
    """Carry one call; the runner looks for a function of this name."""
    transport = await create_transport(runner_args, TRANSPORTS)
    _, call_data = await parse_telephony_websocket(runner_args.websocket)
    stt, llm, tts = services()
    watch = EscalationProcessor(board.call(call_data["call_id"]), transport=transport)
    context = LLMContext(tools=[end_call, watch.transfer_to_human])
    user_aggregator, assistant_aggregator = LLMContextAggregatorPair(context)
    pipeline = Pipeline(
        [
            transport.input(),
            stt,
            watch,
            user_aggregator,
            watch.gate,
            llm,
            tts,
            transport.output(),
            assistant_aggregator,
        ]
    )
    params = PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000)
    worker = PipelineWorker(pipeline, params=params)

    @transport.event_handler("on_client_connected")
    async def greet(*_: object) -> None:
        context.add_message({"role": "developer", "content": "Greet the caller in one sentence."})
        await worker.queue_frames([LLMRunFrame()])

    @transport.event_handler("on_client_disconnected")
    async def leave(*_: object) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    main()
