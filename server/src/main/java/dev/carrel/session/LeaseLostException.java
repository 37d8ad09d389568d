package dev.carrel.session;

import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;

/// The turn belongs to someone else now, or its session is gone: nothing was written, and whoever
/// ran the turn must stop without touching its sandbox again.
public final class LeaseLostException extends CarrelException {
    LeaseLostException(TurnId turn) {
        super(ErrorCode.UNAVAILABLE, "turn " + turn + " is not run by this worker any more");
    }
}
