import json
def test_a(site_with_cases, held_site, site):
    for s,p in ((site_with_cases,"2024-02"),):
        v=s.run(p)
        print(v["verdict"], [(f["kind"],f["severity"],f["scope"]) for f in v["findings"]])
        for c in v["cases"]: print(c["id"],c["state"],c["kinds"],c["size"],c["message"])
        print(v["reasons"])
        print(s("case","list","--all").out, s("case","list","--all","--json").out[:300])
        print(s.manifest(p))
def test_b(held_site):
        s=held_site
        v=s.run("2024-01")
        print(v["verdict"], [(f["kind"],f["severity"],f["scope"]) for f in v["findings"]])
        for c in v["cases"]: print(c["id"],c["state"],c["kinds"],c["size"],c["message"])
        print(v["reasons"])
        print(s("release","2024-01"))
        print(s("status"))
