import pytest

from crewpeak import Job, Peak, peak_demand, shortage


def medium():
    jobs = []
    for i in range(240):
        start = 360 + i * 53 % 600
        jobs.append(Job(f"j{i}", start, start + 5 + i * 29 % 90, 1 + i % 4))
    return (jobs,)


def test_overlap():
    jobs = [Job("a", 10, 30, 2), Job("b", 20, 40, 3), Job("c", 35, 50, 1)]
    assert peak_demand(jobs) == Peak(20, 5, ("a", "b"))


def test_empty_and_single():
    assert peak_demand([]) is None
    assert peak_demand([Job("a", 5, 6, 4)]) == Peak(5, 4, ("a",))


def test_end_is_not_included():
    assert peak_demand([Job("a", 0, 10, 1), Job("b", 10, 20, 1)]) == Peak(0, 1, ("a",))


def test_first_of_equal_peaks():
    jobs = [Job("late", 60, 70, 3), Job("x", 0, 10, 1), Job("y", 5, 8, 2)]
    assert peak_demand(jobs) == Peak(5, 3, ("x", "y"))


def test_jobs_in_given_order_with_duplicates():
    jobs = [Job("z", 3, 9, 1), Job("a", 1, 9, 1), Job("z", 2, 9, 1)]
    assert peak_demand(jobs) == Peak(3, 3, ("z", "a", "z"))


@pytest.mark.parametrize("bad", [Job("a", 5, 5, 1), Job("a", 6, 5, 1), Job("a", 5, 6, 0)])
def test_bad_job(bad):
    with pytest.raises(ValueError):
        peak_demand([Job("ok", 1, 2, 1), bad])


def test_shortage():
    plan = ["roof 7:45-9:00 3", "yard 8:30-10:00 2", "van 9:00-9:15 1"]
    assert shortage(plan, 4) == 1
    assert shortage(plan, 9) == 0
    assert shortage([], 0) == 0


def test_medium_plan():
    (jobs,) = medium()
    peak = peak_demand(jobs)
    by_name = {job.name: job for job in jobs}
    assert sum(by_name[name].crew for name in peak.jobs) == peak.crew
    assert all(by_name[n].start <= peak.minute < by_name[n].end for n in peak.jobs)
    for minute in range(360, 1060, 25):
        assert sum(j.crew for j in jobs if j.start <= minute < j.end) <= peak.crew
