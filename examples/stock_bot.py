"""A Pipecat bot on Plivo as people write it today: it talks, but it cannot hand the caller over.

    PUBLIC_URL=https://bot.example.com python examples/stock_bot.py --port 7860

Point the answer URL of a Plivo application at PUBLIC_URL/answer.
"""

from __future__ import annotations

import argparse
import os

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from loguru import logger
from pipecat.frames.frames import EndWorkerFrame, FunctionCallResultProperties, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner
from services import services

PUBLIC_URL = os.environ.get("PUBLIC_URL")
AUTH_ID, AUTH_TOKEN = os.environ.get("PLIVO_AUTH_ID"), os.environ.get("PLIVO_AUTH_TOKEN")

app = FastAPI()


@app.api_route("/answer", methods=["GET", "POST"])
async def answer(request: Request) -> Response:
    """Tell Plivo to stream the call's audio to the bot and back."""
    base_url = (PUBLIC_URL or str(request.base_url)).rstrip("/")
    document = (
        '<Response><Stream bidirectional="true" keepCallAlive="true"'
        ' contentType="audio/x-mulaw;rate=8000">'
        f"{base_url.replace('http', 'ws', 1)}/ws</Stream></Response>"
    )
    return Response(document, media_type="application/xml")


@app.websocket("/ws")
async def media(websocket: WebSocket) -> None:
    await websocket.accept()
    await run_bot(websocket)


async def end_call(params: FunctionCallParams) -> None:
    """End the phone call. Say goodbye first."""
    await params.result_callback(
        {"status": "ending"}, properties=FunctionCallResultProperties(run_llm=False)
    )
    # Downstream, so that it arrives behind the goodbye that is still being spoken.
    await params.llm.push_frame(EndWorkerFrame())


async def run_bot(websocket: WebSocket) -> None:
    """Carry one call from the first message on its media socket to the last."""
    _, call_data = await parse_telephony_websocket(websocket)
    call_uuid = call_data["call_id"]
    serializer = PlivoFrameSerializer(
        stream_id=call_data["stream_id"],
        call_id=call_uuid,
        auth_id=AUTH_ID,
        auth_token=AUTH_TOKEN,
        params=PlivoFrameSerializer.InputParams(auto_hang_up=AUTH_ID is not None),
    )
    transport = FastAPIWebsocketTransport(
        websocket,
        FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, serializer=serializer
        ),
    )
    stt, llm, tts = services()
    context = LLMContext(tools=[end_call])
    user_aggregator, assistant_aggregator = LLMContextAggregatorPair(context)

    pipeline = Pipeline(
        [
            transport.input(),
            stt,
            user_aggregator,
            llm,
            tts,
            transport.output(),
            assistant_aggregator,
        ]
    )
    params = PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000)
    worker = PipelineWorker(pipeline, params=params)

    @transport.event_handler("on_client_connected")
    async def greet(transport: FastAPIWebsocketTransport, client: WebSocket) -> None:
        logger.info("call {}: connected", call_uuid)
        context.add_message({"role": "developer", "content": "Greet the caller in one sentence."})
        await worker.queue_frames([LLMRunFrame()])

    @transport.event_handler("on_client_disconnected")
    async def leave(transport: FastAPIWebsocketTransport, client: WebSocket) -> None:
        logger.info("call {}: the media socket closed", call_uuid)
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    uvicorn.run(app, host="127.0.0.1", port=parser.parse_args().port)
