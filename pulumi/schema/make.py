#!/usr/bin/env python3
"""Makes pulumi/schema/aws-VERSION.json: the part of the provider's schema that the stacks may use.

    pip download --no-deps --no-binary :all: pulumi-aws==7.51.1
    tar xzf pulumi_aws-7.51.1.tar.gz
    python3 pulumi/schema/make.py pulumi_aws-7.51.1/pulumi_aws pulumi/schema/aws-7.51.1.json --min

It reads the type annotations of the Python package's sources. They know names, types and what is required; not defaults,
ranges, or which change forces a replacement.
"""
import ast, json, sys, re, os
ROOT, OUT = sys.argv[1], sys.argv[2]
PKG, VER = "aws", json.load(open(os.path.join(ROOT, "pulumi-plugin.json")))["version"]
RES = """
ec2.Vpc ec2.Subnet ec2.InternetGateway ec2.NatGateway ec2.Eip ec2.EipAssociation ec2.RouteTable ec2.Route ec2.RouteTableAssociation
ec2.SecurityGroup ec2.LaunchTemplate ec2.VolumeAttachment ec2.Instance ec2.VpcEndpoint ec2.KeyPair ec2.PlacementGroup
vpc.SecurityGroupIngressRule vpc.SecurityGroupEgressRule
autoscaling.Group autoscaling.Policy autoscaling.LifecycleHook autoscaling.Attachment
lb.LoadBalancer lb.TargetGroup lb.Listener lb.ListenerRule lb.TargetGroupAttachment
iam.Role iam.RolePolicy iam.RolePolicyAttachment iam.InstanceProfile iam.Policy
s3.Bucket s3.BucketVersioning s3.BucketLifecycleConfiguration s3.BucketServerSideEncryptionConfiguration s3.BucketPublicAccessBlock s3.BucketPolicy s3.BucketOwnershipControls s3.BucketObjectv2
ssm.Parameter secretsmanager.Secret secretsmanager.SecretVersion secretsmanager.SecretPolicy
ebs.Volume ebs.Snapshot dlm.LifecyclePolicy cloudwatch.MetricAlarm cloudwatch.LogGroup cloudwatch.EventRule cloudwatch.EventTarget cloudwatch.LogMetricFilter
route53.Zone route53.Record servicediscovery.PrivateDnsNamespace servicediscovery.Service acm.Certificate acm.CertificateValidation
kms.Key kms.Alias sqs.Queue sns.Topic sns.TopicSubscription ssm.Document""".split()
FUN = "ec2.getAmi ssm.getParameter .getAvailabilityZones .getCallerIdentity .getRegion .getPartition iam.getPolicyDocument ec2.getVpc ec2.getSubnets secretsmanager.getSecretVersion route53.getZone".split()
WITH_DOCS = "--docs" in sys.argv
KEEP_OUTPUT_TYPES = True
cache = {}
def mod(path):
    if path not in cache:
        p = os.path.join(ROOT, path)
        cache[path] = ast.parse(open(p).read()) if os.path.exists(p) else None
    return cache[path]
def classes(path):
    m = mod(path)
    return {} if m is None else {c.name: c for c in m.body if isinstance(c, ast.ClassDef)}
def snake(n):
    s = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", n); s = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", s)
    return s.lower()
types, missing = {}, []
def unstr(n):
    if isinstance(n, ast.Constant) and isinstance(n.value, str):
        return ast.parse(n.value, mode="eval").body
    return n
def dotted(n):
    if isinstance(n, ast.Name): return n.id
    if isinstance(n, ast.Attribute): return dotted(n.value)+"."+n.attr
    return ""
PRIM = {"_builtins.str":"string","str":"string","_builtins.bool":"boolean","bool":"boolean","_builtins.int":"integer","int":"integer","_builtins.float":"number","float":"number"}
def conv(n, module, out):
    """-> (schema type, optional)"""
    n = unstr(n)
    if isinstance(n, ast.Subscript):
        h = dotted(n.value)
        if h in ("pulumi.Input","pulumi.Output"): return conv(n.slice, module, out)
        if h == "Optional": t,_ = conv(n.slice, module, out); return t, True
        if h in ("Sequence","List"): return {"type":"array","items":conv(n.slice, module, out)[0]}, False
        if h in ("Mapping","Dict"):
            return {"type":"object","additionalProperties":conv(n.slice.elts[1], module, out)[0]}, False
        if h == "Union":
            opts = []
            for e in n.slice.elts:
                t,_ = conv(e, module, out)
                if t is not None and t not in opts: opts.append(t)
            return (opts[0] if len(opts)==1 else {"oneOf":opts,"type":opts[0].get("type","string")}), False
    d = dotted(n)
    if d in PRIM: return {"type":PRIM[d]}, False
    if d in ("Any","_builtins.object","object"): return {"$ref":"pulumi.json#/Any"}, False
    if d.endswith("Asset") or "Archive" in d: return {"$ref":"pulumi.json#/Asset"}, False
    if not d: raise SystemExit("cannot convert %s" % ast.dump(n))
    parts = d.split("."); name = parts[-1]
    if name.endswith("ArgsDict") or (not out and name.endswith("Result")): return None, False
    m2 = module
    if parts[0] in ("_root_inputs","_root_outputs"): m2 = ""
    elif parts[0] == "pulumi_aws" or (len(parts)>1 and parts[0] not in ("outputs","_inputs","_enums")):
        m2 = parts[-2] if parts[-2] not in ("outputs","_inputs","_enums") else (parts[1] if len(parts)>2 else module)
        m2 = m2.lstrip("_")
        m2 = re.sub(r"_(inputs|outputs|enums)$","",m2)
    if name in classes(os.path.join(m2,"_enums.py")) : return ref_enum(m2, name), False
    base = name[:-4] if (not out and name.endswith("Args")) else name
    return ref_obj(m2, base, out), False
def ref_enum(m, name):
    tok = f"{PKG}:{m or 'index'}/{name}:{name}" if m else f"{PKG}:index/{name}:{name}"
    if tok not in types:
        c = classes(os.path.join(m,"_enums.py"))[name]
        vals = [(s.targets[0].id, s.value.value) for s in c.body if isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant)]
        camel = lambda k: "".join(w.capitalize() for w in k.split("_"))
        types[tok] = {"type":"string","enum":[{"name": (camel(k) if not camel(k)[0].isdigit() else "V"+camel(k)),"value":v} for k,v in vals]}
    return {"type":"string","$ref":"#/types/"+tok}
def doc(fn):
    d = ast.get_docstring(fn) or ""
    return {"description": d.strip()} if WITH_DOCS and d else {}
def props(cls, module, out):
    P, R = {}, []
    for f in cls.body:
        if not isinstance(f, ast.FunctionDef) or f.returns is None: continue
        if not any(dotted(x)=="_builtins.property" or dotted(x)=="property" for x in f.decorator_list): continue
        name = f.name; dep = False
        for x in f.decorator_list:
            if isinstance(x, ast.Call) and dotted(x.func)=="pulumi.getter":
                for k in x.keywords:
                    if k.arg=="name": name = k.value.value
            if isinstance(x, ast.Call) and "deprecated" in dotted(x.func): dep = True
        t, opt = conv(f.returns, module, out)
        e = dict(t); e.update(doc(f))
        if dep: e["deprecationMessage"] = "deprecated"
        P[name] = e
        if not opt: R.append(name)
    return P, R
def ref_obj(m, name, out):
    tok = f"{PKG}:{m}/{name}:{name}" if m else f"{PKG}:index/{name}:{name}"
    r = {"$ref":"#/types/"+tok}
    if tok in types and (out or "_in" in types[tok]): return r
    path = os.path.join(m, "outputs.py" if out else "_inputs.py")
    cls = classes(path).get(name if out else name+"Args")
    if cls is None:
        missing.append((tok,out)); return r
    t = types.setdefault(tok, {"type":"object","properties":{}, "required":[]})
    if not out: t["_in"] = True
    P,R = props(cls, m, out)
    if not out or "_in" not in t:
        t["properties"], t["required"] = P, sorted(R)
    return r
resources, functions = {}, {}
for r in RES:
    m, n = r.split(".")
    path = os.path.join(m, snake(n)+".py")
    if not os.path.exists(os.path.join(ROOT,path)):
        cand = [f for f in os.listdir(os.path.join(ROOT,m)) if f.replace("_","").lower()==n.lower()+".py"]
        if not cand: print("NO FILE", r); continue
        path = os.path.join(m,cand[0])
    cs = classes(path); src = open(os.path.join(ROOT,path)).read()
    tok = re.search(r"super\(%s, __self__\)\.__init__\(\s*'([^']+)'" % n, src).group(1)
    iP, iR = props(cs.get(n+"Args") or cs[n+"InitArgs"], m, False)
    oP, oR = props(cs[n], m, True)
    for x in re.findall(r'__props__\.__dict__\["(\w+)"\] = None if \w+ is None else pulumi\.Output\.secret', src):
        for k in iP:
            if snake(k).replace("_","")==x.replace("_",""): iP[k]["secret"]=True
    for grp in re.findall(r"additional_secret_outputs=\[([^\]]*)\]", src):
        for k in re.findall(r'"(\w+)"', grp):
            if k in oP: oP[k]["secret"]=True
    e = {"properties":oP,"required":sorted(oR),"inputProperties":iP,"requiredInputs":sorted(iR)}
    al = sorted(set(re.findall(r'pulumi\.Alias\(type_="([^"]+)"\)', src)))
    if al: e["aliases"]=[{"type":a} for a in al]
    resources[tok]=e
for f in FUN:
    m,n = f.split(".")
    path = os.path.join(m, snake(n)+".py"); src=open(os.path.join(ROOT,path)).read()
    tok = re.search(r"runtime\.invoke\('([^']+)'", src).group(1)
    fn = next(x for x in mod(path).body if isinstance(x, ast.FunctionDef) and x.name==snake(n))
    amap = dict((b,a) for a,b in re.findall(r"__args__\['(\w+)'\] = (\w+)", src))
    P,R={}, []
    for a in fn.args.args+fn.args.kwonlyargs:
        if a.arg=="opts": continue
        t,opt = conv(a.annotation, m, False); P[amap[a.arg]]=dict(t)
        if not opt: R.append(amap[a.arg])
    res = classes(path)["G"+n[1:]+"Result"]
    oP,oR = props(res, m, True)
    functions[tok]={"inputs":{"type":"object","properties":P,"required":sorted(R)},"outputs":{"type":"object","properties":oP,"required":sorted(oR)}}
for t in types.values(): t.pop("_in",None)
# provider config
cs = classes("provider.py"); iP,iR = props(cs["ProviderArgs"],"",False)
schema = {"name":PKG,"version":VER,"license":"Apache-2.0","repository":"https://github.com/pulumi/pulumi-aws",
 "attribution":"Trimmed; rebuilt from the type annotations of the PyPI package pulumi-aws %s" % VER,
 "meta":{"moduleFormat":"(.*)(?:/[^/]*)"},
 "config":{},"provider":{"inputProperties":iP,"requiredInputs":sorted(iR)},
 "resources":dict(sorted(resources.items())),"functions":dict(sorted(functions.items())),"types":dict(sorted(types.items()))}
json.dump(schema, open(OUT,"w"), indent=None if "--min" in sys.argv else 1, separators=(",",":") if "--min" in sys.argv else None)
print(len(resources),"resources",len(functions),"functions",len(types),"types","missing",missing[:10],len(missing), os.path.getsize(OUT),"bytes")
