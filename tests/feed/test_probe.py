import time
import duckdb
import pytest
from tests.feed.conftest import *
from earnest.feed.commands import batches_take
from earnest.feed import queries as q

def test_basic(take):
    r = take("order_line", dict(order_id="A1", line_no="1", provider_id="P1", occurred_at="2025-08-01T10:00:00+08:00"))
    assert r.accepted == 1 and r.waiting == 1
    r = take("parcel_trace", dict(carrier="c", waybill_no="w1", node="picked_up", node_at="2025-08-01T10:30:00+08:00"),dict(carrier="c", waybill_no="w1", node="signed", node_at="2025-08-03T10:30:00+08:00"))
    assert r.waiting == 2
    r = take("parcel", dict(carrier="c", waybill_no="w1", direction="outbound", order_id="A1", declared_at="2025-08-01T10:00:00+08:00"))
    assert r.waiting == 1
    r = take("order_event", dict(order_id="A1", state="paid", shop_id="S", paid_at="2025-08-01T11:00:00+08:00"))
    print(r)
    for s in q.stream_status(TENANT): 
        if s.events or s.rejected: print(s)
    print(q.rejections(TENANT)[0].original)
    r = take("order_event", dict(order_id="A1", state="paid", shop_id="S", paid_at="2025-08-01T11:00:00+08:00"))
    assert r.duplicate == 1 and r.accepted == 0
    f = q.order_fact_files(TENANT)
    print(f, duckdb.sql(f"from read_parquet({f})").fetchall())

def test_perf(db):
    n = 200_000
    con = duckdb.connect()
    base = 1722441600000000
    step = 420*86400*1000000//n
    e = con.sql(f"select 'order'||(i) as order_id, {base}+i*{step} as paid_us, 'paid' as state, 1000+i%10000 as amount_paid_fen, 'S'||(i%400) shop_id from range({n}) r(i)").to_arrow_table()
    l = con.sql(f"select 'order'||(i) as order_id, '1' as line_no, {base}+i*{step} as occurred_us, 1 qty, 1000+i%10000 as line_paid_fen, 'P'||(i%60) provider_id, 'C'||(i%20) category_id from range({n}) r(i)").to_arrow_table()
    p = con.sql(f"select 'c' as carrier, 'w'||i as waybill_no, 'outbound' as direction, 'order'||(i) as order_id, {base}+i*{step}+3600000000 as declared_us from range({n}) r(i)").to_arrow_table()
    t = con.sql(f"select 'c' as carrier, 'w'||i as waybill_no, 'picked_up' as node, {base}+i*{step}+36000000000 as node_us from range({n}) r(i) union all select 'c' as carrier, 'w'||i as waybill_no, 'signed' as node, {base}+i*{step}+136000000000 as node_us from range({n}) r(i)").to_arrow_table()
    b = dict(order_event=e, order_line=l, parcel=p, parcel_trace=t)
    import cProfile, pstats
    pr = cProfile.Profile()
    s = time.time(); pr.enable()
    r = batches_take(TENANT, b, source=SOURCE, now=NOW, origin="x")
    pr.disable()
    print({k: (v.accepted, v.waiting, len(v.rejected)) for k, v in r.items()}, time.time() - s)
    pstats.Stats(pr).sort_stats("tottime").print_stats(25)
    s = time.time()
    pr = cProfile.Profile(); pr.enable()
    r = batches_take(TENANT, b, source=SOURCE, now=NOW, origin="x")
    pr.disable()
    pstats.Stats(pr).sort_stats("tottime").print_stats(12)
    pstats.Stats(pr).sort_stats("cumtime").print_stats("feed.(typed|repeats|placement|publication|commands|directory|order_facts|manifest)", 16)
    print({k: (v.accepted, v.duplicate, len(v.rejected)) for k, v in r.items()}, time.time() - s)
