import time, pytest
from tests.live import live_stack
@pytest.mark.django_db(transaction=True)
def test_kill(db):
    with live_stack(speed=1) as s:
        for _ in range(2):
            b=s.supervisor.restarts("live"); import signal
            s.signal("live", signal.SIGKILL)
            t=time.monotonic()
            while time.monotonic()-t<25:
                print(round(time.monotonic()-t,1), s.supervisor.restarts("live"), s.supervisor.pid("live")); time.sleep(1.5)
                if s.supervisor.restarts("live")>b and s.supervisor.pid("live"):
                    break
            time.sleep(4)
            print(s.supervisor.pid("live"), s.log("live")[-1500:])
